/** One answer, text by text; of the wrong length it is a failure of the whole run. */
export async function ask(provider, length, onText) {
  let came = 0
  await provider.ask((text) => {
    came += text.length
    onText?.()
  })
  if (came !== length) throw new Error(`${came} characters came, not ${length}`)
}
