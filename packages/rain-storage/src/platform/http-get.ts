/// <reference types="node" />
import { Agent, get } from 'node:http'
import { Agent as SecureAgent, get as secureGet } from 'node:https'
import type { GetBytesPort } from '../blocks/gateway-source.ts'
import { StorageError } from '../errors.ts'

/** Connections to one host. */
const MAX_SOCKETS = 16

/** GETs over kept-alive connections of `node:http`, the body read into one buffer of its announced length. */
export function createHttpGet(): GetBytesPort {
  const agents = {
    plain: new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
    secure: new SecureAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
  }
  return (url, { headers, maxBytes, signal }) =>
    new Promise((resolve, reject) => {
      const secure = url.startsWith('https:')
      const request = (secure ? secureGet : get)(
        url,
        { headers, signal, agent: secure ? agents.secure : agents.plain },
        (response) => {
          const announced = Number(response.headers['content-length'] ?? Number.NaN)
          const tooMuch = (length: number) => {
            response.destroy()
            reject(new StorageError('STORAGE_LIMIT', `${url} gives ${length} bytes`, { url, length, maxBytes }))
          }
          if (announced > maxBytes) return tooMuch(announced)
          const whole = Number.isNaN(announced) ? undefined : Buffer.allocUnsafeSlow(announced)
          const parts: Buffer[] = []
          let have = 0
          response.on('data', (part: Buffer) => {
            if (whole === undefined) parts.push(part)
            else if (have + part.length <= announced) part.copy(whole, have)
            have += part.length
            if (have > maxBytes) tooMuch(have)
          })
          response.on('error', reject)
          response.on('end', () => {
            const body = whole ?? Buffer.concat(parts)
            if (whole !== undefined && have !== announced)
              reject(new StorageError('STORAGE_UNAVAILABLE', `${url} ended early`, { url }))
            else
              resolve({
                status: response.statusCode ?? 0,
                bytes: new Uint8Array(body.buffer, body.byteOffset, body.byteLength),
              })
          })
        },
      )
      request.on('error', reject)
    })
}
