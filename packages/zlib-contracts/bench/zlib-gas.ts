/**
 * Gas of the standard library's tokens beside OpenZeppelin's plain contracts and Solady's: execution gas of each call as a transaction of
 * its own, everything cold, without the 21,000 of a transaction. Ours are the upgradeable contracts with namespaced storage, not yet split:
 * the way through a router comes on top (`call-overhead-gas` of `zlib-split`). Deterministic: nothing here is a time.
 */
import { readFileSync } from 'node:fs'
import { printMetric } from '../../../scripts/metric.ts'
import { createMachine } from '../test/machine.ts'
import { compileAll } from '../test/standard/library.ts'

const ANN = `0x${'a1'.repeat(20)}`
const BEN = `0x${'b2'.repeat(20)}`
const FAMILIES = ['Zlib', 'Oz', 'Solady'] as const
type Family = (typeof FAMILIES)[number]

const contracts = compileAll({ 'Peers.sol': readFileSync(new URL('gas/Peers.sol', import.meta.url), 'utf8') })
const machine = await createMachine()
machine.setTime(1_000)

async function make(name: string, args: readonly unknown[] = []) {
  const { abi, creation } = contracts.get(name)!
  const address = await machine.deploy(creation, abi, args)
  return { address, call: machine.at(address, abi) }
}

/** The calls of each kind of contract, in order: a name to print for those that count. */
const steps = {
  Fungible: async (family: Family) => {
    const { call } = await make(`${family}Fungible`)
    await call('mint', [ANN, 1_000n])
    return {
      'erc20-mint': await call('mint', [ANN, 1_000n]),
      'erc20-transfer-new': await call('transfer', [BEN, 5n], ANN),
      'erc20-transfer': await call('transfer', [BEN, 5n], ANN),
      'erc20-approve': await call('approve', [BEN, 500n], ANN),
      'erc20-transfer-from': await call('transferFrom', [ANN, BEN, 5n], BEN),
    }
  },
  Votes: async (family: Family) => {
    const { call } = await make(`${family}Votes`)
    await call('mint', [ANN, 1_000n])
    const delegate = await call('delegate', [ANN], ANN)
    await call('delegate', [BEN], BEN)
    await call('transfer', [BEN, 5n], ANN)
    machine.setTime(2_000)
    const transfer = await call('transfer', [BEN, 5n], ANN)
    machine.setTime(1_000)
    return { 'votes-delegate': delegate, 'votes-transfer': transfer }
  },
  Nft: async (family: Family) => {
    const { call } = await make(`${family}Nft`)
    const mint = await call('mint', [ANN, 1n])
    await call('mint', [BEN, 2n])
    return { 'erc721-mint': mint, 'erc721-transfer': await call('transferFrom', [ANN, BEN, 1n], ANN) }
  },
  Multi: async (family: Family) => {
    const { call } = await make(`${family}Multi`)
    const mint = await call('mint', [ANN, 1n, 100n])
    return {
      'erc1155-mint': mint,
      'erc1155-transfer-new': await call('safeTransferFrom', [ANN, BEN, 1n, 5n, '0x'], ANN),
    }
  },
  Vault: async (family: Family) => {
    const asset = await make('OzFungible')
    const vault = await make(`${family}Vault`, [asset.address])
    await asset.call('mint', [ANN, 10n ** 20n])
    await asset.call('approve', [vault.address, 2n ** 256n - 1n], ANN)
    await vault.call('deposit', [10n ** 9n, ANN], ANN)
    return {
      'erc4626-deposit': await vault.call('deposit', [10n ** 9n, ANN], ANN),
      'erc4626-redeem': await vault.call('redeem', [10n ** 12n, ANN, ANN], ANN),
    }
  },
}

for (const measure of Object.values(steps)) {
  const [ours, openzeppelin, solady] = [await measure('Zlib'), await measure('Oz'), await measure('Solady')] as Record<
    string,
    { gas: bigint }
  >[]
  for (const metric of Object.keys(ours!)) {
    const value = Number(ours![metric]!.gas)
    for (const [peer, theirs] of Object.entries({ openzeppelin, solady })) {
      const peerValue = Number(theirs![metric]!.gas)
      printMetric({ bench: 'zlib-gas', metric, value, unit: 'gas', peer, peerValue })
    }
  }
}
