import { readFileSync } from 'node:fs'
import type { ProviderConfig, TlsOptions } from '../../index.js'

/** What `readFile` gives, as a text and as bytes. */
export const tls: TlsOptions = {
  ca: readFileSync('ca.pem'),
  cert: readFileSync('cert.pem', 'utf8'),
  key: new Uint8Array(),
}

export const config: ProviderConfig = { tls, proxy: false, unixSocket: undefined }

// @ts-expect-error: `true` is no proxy
export const wrong: ProviderConfig = { proxy: true }
