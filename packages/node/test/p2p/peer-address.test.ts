import { expect, it } from 'vitest'
import { checkPeerAddress } from '../../src/p2p/peer-address.ts'

const ID = '12D3KooWNvSZnPi3RrhrTwEY4LuuBeB6K6facKUCJcyWG1aoDd2p'

it('takes addresses that name a peer', () => {
  for (const address of [
    `/ip4/192.0.2.1/tcp/30333/p2p/${ID}`,
    `/ip6/::1/tcp/1/p2p/${ID}`,
    `/dns4/a.example/tcp/1/p2p/${ID}`,
  ])
    expect(() => checkPeerAddress(address)).not.toThrow()
})

it.each([
  ['notaddr', 'no multiaddr'],
  ['/ip4/300.0.0.1/tcp/1', 'no multiaddr'],
  ['', 'p2p'],
  ['/ip4/127.0.0.1/tcp/30399', '/p2p/'],
  ['http://127.0.0.1:8545', 'no multiaddr'],
])('refuses %s', (address, why) => {
  expect(() => checkPeerAddress(address)).toThrow(expect.objectContaining({ code: 'NODE_INVALID_ARGUMENT' }))
  expect(() => checkPeerAddress(address)).toThrow(why)
})
