/**
 * llama.cpp's own view of what it is doing.
 *
 * @returns a function that gives the slot with that id, or the one that is generating; undefined where there is no /slots.
 */
export function slotsOf(baseURL, key) {
  const headers = key ? { authorization: `Bearer ${key}` } : {}
  return async (id) => {
    const answer = await fetch(new URL('/slots', baseURL), { headers })
    if (!answer.ok) return undefined
    const slots = await answer.json().catch(() => [])
    return slots.map(facts).find((slot) => (id === undefined ? slot.is_processing : slot.id === id))
  }
}

function facts({ id, is_processing, n_ctx, n_prompt_tokens, next_token }) {
  return { id, is_processing, size: n_ctx, tokens: n_prompt_tokens, decoded: next_token?.[0].n_decoded ?? 0 }
}
