// Off in a pipe and with NO_COLOR: `hasColors` knows both.
const colours = process.stdout.hasColors?.() ?? false
const style = (on, off) => (text) => (colours ? `\u001b[${on}m${text}\u001b[${off}m` : String(text))

export const bold = style(1, 22)
export const dim = style(2, 22)
export const red = style(31, 39)
export const green = style(32, 39)
export const cyan = style(36, 39)
