//! Request after request of one client.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use crate::Shared;
use crate::answer::Answer;
use crate::embeddings::Embeddings;
use crate::job::Job;
use crate::leaving::left;
use crate::request;

/// What fits is one write: a short answer arrives as one packet.
const WRITE: usize = 64 * 1024;

const MODELS: &str =
    r#"{"object":"list","data":[{"id":"m","object":"model","created":1760000000,"owned_by":"bench"}]}"#;

pub async fn serve(mut socket: TcpStream, number: u32, shared: &Shared) -> io::Result<()> {
    let (reader, writer) = socket.split();
    let mut reader = BufReader::new(reader);
    let mut writer = BufWriter::with_capacity(WRITE, writer);
    while let Some(request) = request::next(&mut reader).await? {
        if let Some(asked) = Embeddings::of(&request) {
            json(&mut writer, "200 OK", &shared.embeddings(asked)).await?;
            writer.flush().await?;
            continue;
        }
        match Job::of(&request) {
            Some(job) if job.rate == 0 => flat_out(&mut writer, job, &shared.answer(job)).await?,
            Some(job) => {
                let answer = shared.answer(job);
                let sent = tokio::select! {
                    sent = paced(&mut writer, job, &answer, number) => sent,
                    () = left(&mut reader) => Err(io::ErrorKind::ConnectionAborted.into()),
                };
                sent.inspect_err(|_| shared.leaving.note())?;
            }
            None if request.path == "/leaving" => json(&mut writer, "200 OK", &shared.leaving.show()).await?,
            None if request.path.ends_with("/models") => json(&mut writer, "200 OK", MODELS).await?,
            None => json(&mut writer, "404 Not Found", r#"{"error":{"message":"not here"}}"#).await?,
        }
        writer.flush().await?;
    }
    Ok(())
}

async fn flat_out(writer: &mut (impl AsyncWrite + Unpin), job: Job, answer: &Answer) -> io::Result<()> {
    writer.write_all(&answer.head).await?;
    for piece in answer.chunks(job.chunks) {
        writer.write_all(piece).await?;
    }
    writer.write_all(&answer.tail).await
}

/// The first chunk at once, the others at their rate. The streams' beats are spread over the time between two
/// chunks, as those of a real server's users are, and always the same way.
async fn paced(
    writer: &mut (impl AsyncWrite + Unpin),
    job: Job,
    answer: &Answer,
    number: u32,
) -> io::Result<()> {
    const GOLDEN: f64 = 0.618_033_988_75;
    let period = Duration::from_secs(1) / job.rate;
    let beat = Instant::now() + period.mul_f64((f64::from(number) * GOLDEN).fract());
    writer.write_all(&answer.head).await?;
    let mut due = beat;
    for index in 0..job.chunks {
        if index > 0 {
            sleep_until(due).await;
            due += period;
        }
        writer.write_all(answer.chunk(index)).await?;
        writer.flush().await?;
    }
    writer.write_all(&answer.tail).await
}

async fn json(writer: &mut (impl AsyncWrite + Unpin), status: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    writer.write_all(head.as_bytes()).await?;
    writer.write_all(body.as_bytes()).await
}
