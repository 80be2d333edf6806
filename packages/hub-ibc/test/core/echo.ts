/** An application for tests: acknowledges what it gets, at once or when it is told to. */
import type { ChannelApplication, PayloadApplication } from '../../src/core/application.ts'
import type { Packet } from '../../src/core/messages.ts'
import { equal, fromUtf8, utf8 } from '../../src/encoding/bytes.ts'
import { HubError } from '../../src/errors.ts'

export const ECHO_ERROR: Uint8Array = utf8('error')

/** `log` says what happened. Data `later` is acknowledged later, `refuse` is refused, `throw` throws. */
export function createEcho(log: string[]): { channel: ChannelApplication; payload: PayloadApplication } {
  const answer = (data: Uint8Array): Uint8Array | undefined => {
    const text = fromUtf8(data)
    if (text === 'throw') throw new HubError('HUB_APPLICATION', 'told to throw')
    return text === 'later' ? undefined : text === 'refuse' ? ECHO_ERROR : data
  }
  const say = (what: string, { sequence }: Pick<Packet, 'sequence'>) => {
    log.push(`${what} ${sequence}`)
  }
  return {
    channel: {
      onOpenInit: ({ version }) => version,
      onOpenTry: ({ version }) => version,
      onCloseInit: () => {},
      onReceive(packet) {
        say('got', packet)
        return answer(packet.data)
      },
      errorAcknowledgement: () => ECHO_ERROR,
      isError: (ack) => equal(ack, ECHO_ERROR),
      onAcknowledge: (packet) => say('acknowledged', packet),
      onTimeout: (packet) => say('timed out', packet),
    },
    payload: {
      onSend: () => {},
      onReceive(context) {
        say('got', context)
        return answer(context.payload.value)
      },
      onAcknowledge: (context, ack) => say(ack === 'failure' ? 'failed' : 'acknowledged', context),
      onTimeout: (context) => say('timed out', context),
    },
  }
}
