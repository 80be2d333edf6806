import { describe, expect, it } from 'vitest'
import { createAssetRegistry } from '../../src/hub/assets.ts'
import { createHub } from '../../src/hub/hub.ts'
import { createLocalChain, localEndpoint } from '../../src/local/index.ts'
import { connectV2, createMemoryCursors, createRelayer } from '../../src/relayer/index.ts'
import { assetOf, withAsset } from '../../src/transfer/memo.ts'

describe('what a packet says about its asset', () => {
  it('stands in the memo beside what the sender wrote, and plain text is left alone', () => {
    const asset = { name: 'Tea', symbol: 'TEA', decimals: 6 }
    expect(assetOf(withAsset('', asset))).toEqual(asset)
    expect(JSON.parse(withAsset('{"note":"hi","asset":{"name":"mine"}}', asset))).toEqual({ note: 'hi', asset })
    expect(withAsset('for the tea', asset)).toBe('for the tea')
    expect(assetOf('for the tea')).toBeUndefined()
    expect(assetOf('{"asset":7}')).toBeUndefined()
  })

  it('reaches the template on the first arrival only, made safe', async () => {
    const deployed: object[] = []
    const hub = createLocalChain({
      chainId: 'hub-1',
      policy: ({ store, bank, now }) =>
        createHub({
          store,
          bank,
          now,
          assets: createAssetRegistry(store, {
            factory: new Uint8Array(20),
            codeHash: new Uint8Array(32),
            deploy: (_address, _salt, metadata) => deployed.push(metadata),
          }),
        }).policy,
    })
    const zone = createLocalChain({ chainId: 'zone-1' })
    const [a, b] = [localEndpoint(hub), localEndpoint(zone)]
    const { clientA, clientB } = await connectV2(a, b, 'relayer')
    zone.run(() => zone.bank.mint('alice', 'utea', 100n))
    const send = (memo: string) =>
      zone.run(() =>
        zone.transfer.sendV2(
          clientB,
          { denom: 'utea', amount: 10n, sender: 'alice', receiver: 'bob', memo },
          zone.now() / 1_000_000_000n + 600n,
        ),
      )
    send(withAsset('', { name: 'Tea\u202e', symbol: '<b>TEA', decimals: 999 }))
    send(withAsset('', { name: 'Another', symbol: 'X', decimals: 2 }))
    zone.commit()
    const relayer = createRelayer({
      a: { endpoint: a, clientId: clientA },
      b: { endpoint: b, clientId: clientB },
      cursors: createMemoryCursors(),
      signer: 'relayer',
    })
    while (await relayer.step());
    expect(relayer.progress.acknowledged).toBe(2)
    expect(deployed).toEqual([{ name: 'Tea', symbol: 'bTEA', decimals: 0 }])
  })
})
