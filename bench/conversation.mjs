/** What is asked: `history` earlier turns of 1 kB each, and a question. `rust-alone` writes the same. */
export function conversation(history) {
  const turns = Array.from({ length: history }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: 'what was said before\n'.repeat(48),
  }))
  return [...turns, { role: 'user', content: 'Hello' }]
}
