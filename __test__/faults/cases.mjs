import { ways } from './calls.mjs'
import { faults } from './faults.mjs'
import { below, randomOf, shuffled } from './random.mjs'
import { recordings } from './recordings.mjs'

/**
 * Every fault with every recording, in every way of asking, with retries and without, in an order of chance: so each
 * call runs beside others that fail otherwise. `step`: the distance of two cuts, in bytes. `each`: with how many of the
 * recordings a fault without cuts is played.
 */
export function casesOf(seed, { step, each }) {
  const random = randomOf(seed)
  const places = faults.flatMap((fault) =>
    shuffled(random, recordings)
      .slice(0, fault.isCut ? undefined : each)
      .flatMap((recording) =>
        placesOf(fault, recording, { random, step }).map((at) => ({ fault, recording, at })),
      ),
  )
  const cases = places.flatMap((place) =>
    Object.keys(ways).flatMap((way) => [true, false].map((retry) => ({ ...place, way, retry }))),
  )
  return shuffled(random, cases).map((one, number) => ({ ...one, number, seed: below(random, 2 ** 31) }))
}

/** Where in the recording the fault strikes. */
function placesOf({ isCut }, { body, middles }, { random, step }) {
  if (!isCut) return [middles[below(random, middles.length)]]
  const first = below(random, step)
  return Array.from({ length: Math.ceil((body.length - first) / step) }, (_, index) => first + index * step)
}

/** A case in words: enough to find it again. */
export function nameOf({ fault, recording, at, way, retry }) {
  const place = recording ? `, ${recording.name} at byte ${at}` : ''
  return `${fault.name}: ${way}, retries ${retry ? 'on' : 'off'}${place}`
}
