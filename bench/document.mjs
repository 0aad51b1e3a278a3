import { machine, versions } from './machine.mjs'
import { chart, details, summary } from './report.mjs'
import { unfit } from './verdict.mjs'

/** docs/benchmarks.md. */
export function document(rows, run) {
  return `# Benchmarks

<!-- Written by \`npm run bench\`. -->

What a stream costs with this package, and with what one would use instead. Absolute figures hold for this machine
alone; the ratios were measured side by side in one run.

- Machine: ${machine()}
- Versions: ${versions()}
- ${run.rounds} rounds${run.quick ? ', quick' : ''}; load average ${run.load.toFixed(2)} before, ${run.loadAfter.toFixed(2)} after

## Against the targets

${summary(rows, unfit(run))}

How many times less than \`openai\` (two bars a doubling):

${chart(rows)}

## Every client

${rows.map(details).join('\n\n')}

## How it is measured

- A fresh process a measurement. The clients take turns, in rounds of alternating order; what is shown is the median over
  the rounds, with minimum and maximum. A ratio is one of medians.
- A chunk is a server-sent event of about 250 bytes with 4 bytes of content. The load server has rendered every byte
  before it is asked. At a given rate the first token comes at once and the others in time; the streams' beats are
  spread evenly over the time between two tokens.
- CPU time, not wall time: of the JavaScript thread, and of the process with all of its threads. One short answer comes
  before the measurement, so that what first use costs is not in it: rows 13 and 14 have that.
- Every client's text is checked for its length; a wrong one fails the run. Of row streams-2000 every character is
  compared: each stream is asked for a number of its own, and each chunk says that number and its place.
- Event-loop delay is by how much a timer of 10 ms came late; \`monitorEventLoopDelay\` itself counts those 10 ms, here
  they are taken off. The longest turn is the worst delay of a timer of 1 ms once all calls are made: what else the
  machine does is in it.
- Time to the first token: from the call to the first text. A raw socket's time, for the same bytes, is taken off.
- Embeddings: 256 texts in one request, 1024 numbers each, every one of them compared. \`openai\` and this package ask
  for base64; where the server has none, \`openai\` is told to ask for numbers. \`ai\` and \`fetch\` always do.
- Installed: the lengths of all files that \`npm install\` puts into the \`node_modules\` of an empty folder, without npm's
  own notes; 1 MB is a million bytes, and what they take on a disk is more. Ours is the packed package with this
  machine's platform package. A package is a folder that npm has installed, dependencies and peers included.
- One event: 4 and 16 million characters of content in one server-sent event, which arrives in many pieces; for
  \`ollama\` in one line of JSON. The ratio of the two is measured within one process. Who needs minutes for 16 MB is
  not asked for it.
- Abort: 5 ms after the first text of an answer of two tokens a second. The server notes when it saw the connection
  end, and is asked for it later; its clock and the client's are compared to about 0.1 ms, by the quickest of 20
  questions.
- Heap: what V8's used heap grew by during a stream, from garbage collection to garbage collection.
- *Rust alone* is a program without JavaScript that shares no code with this package's engine: reqwest, a short SSE
  splitter, serde, one thread.
- A target is judged after at least five rounds, where the load average was not above 1.5 before the run.

## Do it yourself

\`\`\`sh
npm run build
npm run bench                                   # all of it, and writes this page
npm run bench -- --rows 1,9 --rounds 3 --quick  # a part; add --write to write the page
npm run bench -- --clients ours,openai          # fewer clients
\`\`\`

It needs Linux (or a Node that has \`process.threadCpuUsage\`) and Rust's cargo; row 15 asks npm's registry, and row
streams-2000 needs 2100 file descriptors a process.
`
}
