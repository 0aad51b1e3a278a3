// What one writes who wants no library: right for a server that sends one line of data an event.

export function request(messages) {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages, stream: true }),
  }
}

export async function readTexts(body, onText) {
  const decoder = new TextDecoder()
  let unfinished = ''
  for await (const bytes of body) {
    const events = (unfinished + decoder.decode(bytes, { stream: true })).split('\n\n')
    unfinished = events.pop()
    for (const event of events) {
      const data = event.slice('data: '.length)
      if (data === '[DONE]') return
      const text = JSON.parse(data).choices[0]?.delta.content
      if (text) onText(text)
    }
  }
}
