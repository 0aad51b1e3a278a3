/** Certificates for servers and clients of tests, made when they are needed: none expires in the repository. */

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** A certificate with its private key, both in PEM form. */
export interface Certified {
  cert: string
  key: string
}

/** What signs others. */
export interface Authority extends Certified {
  readonly issuer: { name: Buffer; key: KeyObject }
}

interface Options {
  /** Names and addresses of the server that it is for. */
  names?: readonly string[]
  /** Default: itself. */
  by?: Authority
  isAuthority?: boolean
  /** What it is for, as extendedKeyUsage says it. Default: anything. */
  purpose?: 'client'
  /** X.509's. 1 knows no extensions. Default: 3. */
  version?: 1 | 3
  /** In days from now. Default: from yesterday to tomorrow. */
  valid?: readonly [number, number]
}

/** RFC 5280, as little of it as OpenSSL and rustls want. */
export function certificate(commonName: string, options: Options = {}): Authority {
  const { names = [], by, isAuthority = false, purpose, version = 3, valid = [-1, 1] } = options
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(commonName)))))
  const issuer = by?.issuer ?? { name, key: privateKey }
  const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const extensions = [
    extension('2.5.29.19', sequence(...(isAuthority ? [der(0x01, Buffer.of(0xff))] : []))),
    extension('2.5.29.14', der(0x04, createHash('sha1').update(spki).digest())),
    ...(purpose ? [extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.2')))] : []),
    ...(names.length > 0 ? [extension('2.5.29.17', sequence(...names.map(alternativeName)))] : []),
  ]
  const body = sequence(
    ...(version === 3 ? [der(0xa0, integer(2))] : []),
    der(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(8)])),
    ecdsaWithSha256,
    issuer.name,
    sequence(...valid.map(time)),
    name,
    spki,
    ...(version === 3 ? [der(0xa3, sequence(...extensions))] : []),
  )
  const signature = sign('sha256', body, issuer.key)
  const whole = sequence(body, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.of(0), signature])))
  const base64 = whole.toString('base64').replace(/.{1,64}/g, '$&\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    issuer: { name, key: privateKey },
  }
}

export function authority(commonName = 'Authority of the tests'): Authority {
  return certificate(commonName, { isAuthority: true })
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 128) return Buffer.concat([Buffer.of(tag, length), content])
  const bytes = length < 256 ? [length] : [length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes.length, ...bytes), content])
}

const sequence = (...parts: Buffer[]) => der(0x30, Buffer.concat(parts))
const set = (...parts: Buffer[]) => der(0x31, Buffer.concat(parts))
const integer = (value: number) => der(0x02, Buffer.of(value))
const extension = (id: string, value: Buffer) => sequence(oid(id), der(0x04, value))

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((part) => {
    const groups = [part & 0x7f]
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80)
    return groups
  })
  return der(0x06, Buffer.from(bytes))
}

function time(daysFromNow: number): Buffer {
  const iso = new Date(Date.now() + daysFromNow * 86_400_000).toISOString()
  return der(0x18, Buffer.from(`${iso.slice(0, 19).replace(/[-T:]/g, '')}Z`))
}

function alternativeName(name: string): Buffer {
  const isIPv4 = /^[\d.]+$/.test(name)
  if (isIPv4) return der(0x87, Buffer.from(name.split('.').map(Number)))
  if (name === '::1') return der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)]))
  return der(0x82, Buffer.from(name))
}
