//! The bytes of one answer, HTTP's own chunk lengths included.

use crate::job::{Job, Wire};

/// Rendered once and sent again and again; 256 kB of usual chunks.
const LONGEST_RUN: usize = 1024;

pub struct Answer {
    /// Status, headers, and what comes before the first text.
    pub head: Vec<u8>,
    /// The chunks one after the other; an answer of more of them repeats it.
    run: Vec<u8>,
    /// Where each chunk of the run ends.
    ends: Vec<usize>,
    pub tail: Vec<u8>,
}

impl Answer {
    pub fn render(job: Job) -> Self {
        let (kind, opening, closing) = match job.wire {
            Wire::OpenAi => (
                "text/event-stream",
                vec![openai(r#"{"role":"assistant","content":""}"#, "null")],
                vec![openai("{}", r#""stop""#), "data: [DONE]\n\n".to_owned()],
            ),
            Wire::Ollama => ("application/x-ndjson", vec![], vec![ollama("", true)]),
        };
        let mut answer = Self {
            head: format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n")
                .into(),
            run: vec![],
            ends: vec![],
            tail: vec![],
        };
        for event in opening {
            frame(&mut answer.head, &event);
        }
        let run = if job.text.repeats() { job.chunks.min(LONGEST_RUN) } else { job.chunks };
        for index in 0..run {
            let text = job.text.chunk(index, job.size);
            let event = match job.wire {
                Wire::OpenAi => openai(&format!(r#"{{"content":"{text}"}}"#), "null"),
                Wire::Ollama => ollama(&text, false),
            };
            frame(&mut answer.run, &event);
            answer.ends.push(answer.run.len());
        }
        for event in closing {
            frame(&mut answer.tail, &event);
        }
        answer.tail.extend(b"0\r\n\r\n");
        answer
    }

    pub fn chunk(&self, index: usize) -> &[u8] {
        let index = index % self.ends.len();
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.run[start..self.ends[index]]
    }

    /// The first `count` chunks, in pieces as large as there are.
    pub fn chunks(&self, count: usize) -> impl Iterator<Item = &[u8]> {
        let whole = count / self.ends.len().max(1);
        let rest = count - whole * self.ends.len();
        let rest = if rest == 0 { 0 } else { self.ends[rest - 1] };
        std::iter::repeat_n(&self.run[..], whole).chain([&self.run[..rest]])
    }
}

fn frame(bytes: &mut Vec<u8>, event: &str) {
    bytes.extend(format!("{:x}\r\n{event}\r\n", event.len()).into_bytes());
}

fn openai(delta: &str, finish: &str) -> String {
    let id = "chatcmpl-8d3f0b5c9a7e4f21b6c0d1e2";
    format!(
        r#"data: {{"id":"{id}","object":"chat.completion.chunk","created":1760000000,"model":"bench-q4_k_m","system_fingerprint":"b6713-a1b2c3d4","choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]}}"#
    ) + "\n\n"
}

fn ollama(text: &str, done: bool) -> String {
    let end = if done { r#","done_reason":"stop","eval_count":1"# } else { "" };
    format!(
        r#"{{"model":"m","created_at":"2026-01-01T00:00:00.000000Z","message":{{"role":"assistant","content":"{text}"}},"done":{done}{end}}}"#
    ) + "\n"
}
