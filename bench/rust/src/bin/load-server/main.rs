//! A server that no client waits for: what it says is rendered before it is asked, and one thread sends it.
//!
//! Prints its port, and ends when its standard input does, so that it cannot outlive who started it.

mod answer;
mod connection;
mod embeddings;
mod job;
mod leaving;
mod question;
mod request;
mod text;

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket};

use answer::Answer;
use embeddings::Embeddings;
use job::Job;
use leaving::Leaving;

/// Thousands of streams are opened at once; who finds the line full comes back a second later.
const WAITING: u32 = 4096;

/// What the connections have in common.
struct Shared {
    /// What was asked for so far.
    answers: Mutex<HashMap<Job, Arc<Answer>>>,
    embeddings: Mutex<HashMap<Embeddings, Arc<str>>>,
    leaving: Leaving,
}

impl Shared {
    fn answer(&self, job: Job) -> Arc<Answer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(answers.entry(job).or_insert_with(|| Arc::new(Answer::render(job))))
    }

    fn embeddings(&self, asked: Embeddings) -> Arc<str> {
        let mut embeddings = self.embeddings.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(embeddings.entry(asked).or_insert_with(|| asked.render().into()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let listener = socket.listen(WAITING)?;
    println!("{}", listener.local_addr()?.port());
    tokio::select! {
        failure = accept(&listener) => failure,
        ended = async { tokio::io::stdin().read_to_end(&mut Vec::new()).await } => ended.map(|_| ()),
    }
}

async fn accept(listener: &TcpListener) -> io::Result<()> {
    let shared =
        Arc::new(Shared { answers: Mutex::default(), embeddings: Mutex::default(), leaving: Leaving::new() });
    for number in 0.. {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        // A client that leaves is none of the server's business.
        let shared = Arc::clone(&shared);
        tokio::spawn(async move { connection::serve(socket, number, &shared).await.ok() });
    }
    Ok(())
}
