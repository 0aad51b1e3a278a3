//! The least that reading streams costs without JavaScript: it shares no code with the engine.
//!
//! Takes a job and prints its result, both as JSON, like the JavaScript clients.

mod chunk;
mod conversation;
mod sse;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use futures_util::future::try_join_all;
use reqwest::Client;
use serde::{Deserialize, Serialize};

use conversation::Message;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    address: String,
    warm_up: String,
    /// Earlier turns of the conversation.
    history: usize,
    /// Side by side.
    streams: usize,
    /// How often, one after the other.
    repetitions: usize,
    /// UTF-16 units of text that each answer must have.
    length: usize,
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    messages: &'a [Message],
    stream: bool,
}

/// Microseconds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    process_cpu: f64,
    wall: f64,
}

// One thread: hyper's connections and their readers never wait for each other's core.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let job: Job = serde_json::from_str(&std::env::args().nth(1).ok_or("no job was given")?)?;
    let client = Client::builder().http1_only().no_proxy().build()?;
    let conversation = conversation::after(job.history);
    ask(&client, &job.warm_up, &conversation).await?;

    let wall = Instant::now();
    let process_cpu = ProcessTime::now();
    for _ in 0..job.repetitions {
        let answers = (0..job.streams).map(|_| {
            let (client, address) = (client.clone(), job.address.clone());
            let conversation = Arc::clone(&conversation);
            tokio::spawn(async move { ask(&client, &address, &conversation).await })
        });
        for text in try_join_all(answers).await? {
            let length = text?.encode_utf16().count();
            if length != job.length {
                return Err(format!("{length} characters came, not {}", job.length).into());
            }
        }
    }
    let outcome = Outcome { process_cpu: micros(process_cpu.elapsed()), wall: micros(wall.elapsed()) };
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}

async fn ask(client: &Client, address: &str, conversation: &[Message]) -> Result<String, Failure> {
    let question = Question { model: "m", messages: conversation, stream: true };
    let request = client
        .post(format!("{address}/v1/chat/completions"))
        .header("content-type", "application/json")
        .body(serde_json::to_vec(&question)?);
    let mut response = request.send().await?.error_for_status()?;
    let mut events = sse::Splitter::default();
    let mut text = String::new();
    let mut finished = false;
    while let Some(bytes) = response.chunk().await? {
        events.feed(&bytes, |data| {
            if data != b"[DONE]" {
                finished |= chunk::read(data, &mut text)?;
            }
            Ok::<_, serde_json::Error>(())
        })?;
    }
    if finished { Ok(text) } else { Err("the stream broke off".into()) }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
