/** Where a load server has the answers of a job. */
export function address(server, { chunks, rate, size, text }) {
  return `${server}/chunks-${chunks}/rate-${rate}/size-${size}/text-${text}`
}
