import type { ChatProvider, Tool } from '../../index.js'

/** A tool may name the arguments that its schema has, and hands the signal on. */
export const tool: Tool = {
  name: 'read',
  execute: async ({ path }: { path: string }, { signal, workingDirectory }) =>
    (await fetch(`${workingDirectory}/${path}`, { signal })).text(),
}

export async function ran(provider: ChatProvider): Promise<string> {
  const { messages } = await provider.runTools({ messages: [], tools: [tool], maxToolRounds: undefined })
  return messages.map(({ role }) => role).join()
}
