// `texts` embeddings of `width` numbers each a request, `repetitions` requests one after the other.
import { processCpu, threadCpu } from '../cpu.mjs'
import { prepare } from './prepare.mjs'

/** Microseconds. */
export async function run({ texts, width, form, repetitions, server, ...job }, client) {
  const address = `${server}/embeddings-${form}`
  const provider = await prepare({ ...job, address }, client)
  const input = Array.from({ length: texts }, (_, index) => `what a text to be found says, number ${index}`)
  const numbers = form === 'float'
  // First use is no part of it, and the numbers are looked at outside of the measurement.
  check(await provider.embed(input, numbers), texts, width)
  const processBefore = processCpu()
  const threadBefore = threadCpu()
  let last
  for (let repetition = 0; repetition < repetitions; repetition++) last = await provider.embed(input, numbers)
  const thread = threadCpu() - threadBefore
  const all = processCpu() - processBefore
  check(last, texts, width)
  return { threadCpu: thread, processCpu: all }
}

function check(embeddings, texts, width) {
  if (embeddings.length !== texts) throw new Error(`${embeddings.length} embeddings came, not ${texts}`)
  for (const [index, embedding] of embeddings.entries()) {
    if (embedding.length !== width) throw new Error(`embedding ${index} has ${embedding.length} numbers`)
    for (const [place, number] of embedding.entries()) {
      const expected = expectedAt(index * width + place)
      if (Math.fround(number) !== expected) throw new Error(`${number} came for ${expected}`)
    }
  }
}

/** The load server's `number`. */
function expectedAt(place) {
  return Math.fround(((place * 0.61803398875) % 1) - 0.5)
}
