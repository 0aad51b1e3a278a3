/** Values of an outcome, shared out over what the job consists of. */

export function aChunk(name) {
  return (outcome, job) => outcome[name] / (job.streams * job.repetitions * job.chunks)
}

export function anAnswer(name) {
  return (outcome, job) => outcome[name] / (job.streams * job.repetitions)
}

export function anAnswerMs(name) {
  return (outcome, job) => anAnswer(name)(outcome, job) / 1000
}

export function milliseconds(name) {
  return (outcome) => outcome[name] / 1000
}
