/** A node among peers that send nonsense. In one process: the hostile side needs libp2p in its hands. */

import { bytesToHex } from '@ethereumjs/util'
import { gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createNode, devnetGenesis, type ZosNode } from '@zos/node'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, test } from 'vitest'
import { genesisHash } from '../../src/genesis/genesis.ts'
import { eventually } from './wait.ts'

const { genesis, validatorKeys } = devnetGenesis({ validators: 1, timestampMs: Date.now() })
const name = bytesToHex(genesisHash(genesis)).slice(2, 18)
const topic = `zos/${name}/units/1`
const protocol = `/zos/${name}/units/1`
const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function hostile(node: ZosNode) {
  const peer = await createLibp2p({
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      gossip: gossipsub({ globalSignaturePolicy: StrictNoSign, allowPublishToZeroTopicPeers: true }),
    },
  })
  closers.push(async () => peer.stop())
  const connection = await peer.dial(multiaddr(node.addresses()[0]!))
  return { peer, connection }
}

async function victim(): Promise<ZosNode> {
  const node = await createNode({
    genesis,
    validatorKey: validatorKeys[0]!.privateKey,
    isogenyKey: validatorKeys[0]!.isogenyKey,
    roundIntervalMs: 50,
    ticketHashes: 0,
  })
  closers.push(() => node.stop())
  return node
}

describe('a hostile peer', () => {
  test('that floods garbage is counted, cut off and kept out, and the chain goes on', async () => {
    const node = await victim()
    const { peer } = await hostile(node)
    peer.services.gossip.subscribe(topic)
    await eventually(async () => peer.services.gossip.getSubscribers(topic).length > 0, 'the subscription')
    for (let i = 0; i < 40; i++) {
      await peer.services.gossip
        .publish(topic, Uint8Array.of(i % 3, i, 255, ...new Uint8Array(i)))
        .catch(() => undefined)
    }
    await eventually(async () => node.status().droppedMessages >= 1, 'a counted message')
    await eventually(async () => node.status().peers === 0, 'the peer to be cut off')
    await peer.dial(multiaddr(node.addresses()[0]!)).catch(() => undefined)
    const { block } = node.status()
    await eventually(async () => node.status().block > block + 2, 'new blocks')
    expect(node.status().peers).toBe(0)
  })

  test('that asks for too much, or with oversized frames, gets nothing', async () => {
    const node = await victim()
    const { connection } = await hostile(node)
    const huge = new Uint8Array([0xff, 0xff, 0xff, 0xff, 1, 2, 3])
    for (const bytes of [huge, new Uint8Array([0, 0, 0, 1, 0xc0]), new Uint8Array([0, 0, 0, 2, 0xc1, 9])]) {
      const stream = await connection.newStream(protocol)
      stream.send(bytes)
      await stream.close().catch(() => undefined)
      let received = 0
      try {
        for await (const chunk of stream) received += chunk.length
      } catch {
        // reset by the node: as it should be
      }
      expect(received).toBe(0)
    }
    await eventually(async () => node.status().droppedMessages >= 3, 'three faults')
  })
})
