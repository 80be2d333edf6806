/** Validators come, earn, go and are slashed through the consensus contract, on a running network with short epochs and terms. */
import { createUnit, signerFromPrivateKey, type Unit, type UnitId } from '@zos/dag'
import { createNode, type ZosNode } from '@zos/node'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { CONSENSUS_ABI, CONSENSUS_ADDRESS, EPOCH_ROUNDS, encodeEvidence, provePossession } from '@zos/zpos'
import { Contract, hexlify, JsonRpcProvider, parseEther, SigningKey, type TransactionReceipt, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deriveAccounts, TEST_MNEMONIC } from '../../src/genesis/accounts.ts'
import { DEVNET_ISOGENY_KEYS } from '../../src/genesis/devnet-isogeny-keys.ts'
import { eventually, rpc } from './wait.ts'

const ROUND_MS = 100
const NO_HASH = `0x${'00'.repeat(32)}`
/** Beyond what the slowest machine of CI has needed for three epochs. */
const EPOCHS_MS = 200_000
/** On a busy machine most tickets, which threads of low priority look for, come too late for their term. */
const TERMS_MS = 380_000
let devnet: Devnet
let provider: JsonRpcProvider
let joiner: ZosNode | undefined

const joinerKey = new Uint8Array(32).fill(0x5a)
const validatorKeys = deriveAccounts(TEST_MNEMONIC, 2, 1)
const walletOf = (index: number) => new Wallet(hexlify(devnet.accounts[index]!.privateKey), provider)
const consensusOf = (wallet: Wallet) => new Contract(CONSENSUS_ADDRESS, CONSENSUS_ABI, wallet)
/** More than any call takes: an estimate of one epoch may be too little for the next, which has more to settle. */
const GAS_LIMIT = 2_000_000n
const send = async (wallet: Wallet, name: string, args: readonly unknown[], value = 0n) =>
  (await consensusOf(wallet).getFunction(name)(...args, { value, gasLimit: GAS_LIMIT })).wait()
const candidates = async () => (await rpc(devnet.rpcUrl, 'zos_validators')).candidates
const candidate = async (address: string) =>
  (await candidates()).find((one: { address: string }) => one.address === address.toLowerCase())

beforeAll(async () => {
  devnet = await startDevnet({
    validators: 2,
    port: 0,
    roundIntervalMs: ROUND_MS,
    epochRounds: 16,
    termRounds: 8,
    ticketHashes: 1,
    restart: false,
  })
  provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1, pollingInterval: 250 })
})

afterAll(async () => {
  provider?.destroy()
  await joiner?.stop()
  await devnet?.stop()
})

test(
  'terms follow each other, and the tickets in the ledger rank the speakers',
  async () => {
    const judged = new Set<string>()
    const tickets = new Map<string, { candidate: string; hash: string; unit: UnitId }[]>()
    const roundOf = async (unit: UnitId): Promise<number> => (await rpc(devnet.rpcUrl, 'zos_getUnit', unit)).round
    const [ranking, byTicket] = await eventually(
      async () => {
        const { epoch, term, ranking, endedBy, next } = await rpc(devnet.rpcUrl, 'zos_terms')
        tickets.set(`${epoch}/${next.term}`, next.tickets)
        const known = tickets.get(`${epoch}/${term}`)
        if (!endedBy || known?.length !== 2 || judged.has(`${epoch}/${term}`)) return
        judged.add(`${epoch}/${term}`)
        // Each of two validators sees all units of the round before its own: those tickets are in the past of the term's start.
        const start = await roundOf(endedBy)
        for (const { unit } of known) if ((await roundOf(unit)) >= start) return
        // CryptoNight hashes are compared as little-endian numbers.
        const value = (hash: string) => BigInt(`0x${hash.slice(2).match(/../g)!.reverse().join('')}`)
        const sorted = known.toSorted((a, b) => (value(a.hash) < value(b.hash) ? -1 : 1))
        return [ranking, sorted.map(({ candidate }) => candidate)]
      },
      'a term whose tickets were all in time',
      TERMS_MS,
    )
    expect(ranking).toEqual(byTicket)
  },
  TERMS_MS,
)

test(
  'whoever bonds enough joins the committee, makes units, and leaves when it unbonds',
  async () => {
    // Long enough for the joiner to go through many epochs before it comes to the one that runs.
    await eventually(async () => (await devnet.validators[0]!.status()).epoch > 10, 'ten epochs', EPOCHS_MS)
    const owner = walletOf(1)
    const { compressedPublicKey } = new SigningKey(hexlify(joinerKey))
    const possession = provePossession(joinerKey, owner.address.toLowerCase() as never)
    // The network signs checkpoints with two keys: both are registered.
    const isogenyKey = new Uint8Array(Buffer.from(DEVNET_ISOGENY_KEYS.at(-1)!, 'base64'))
    joiner = await createNode({
      genesis: devnet.genesis,
      isogenyKey,
      validatorKey: joinerKey,
      roundIntervalMs: ROUND_MS,
      ticketHashes: 0,
      p2p: { peers: devnet.validators.flatMap(({ addresses }) => addresses) },
      rpc: { port: 0 },
    })
    expect(joiner.status().producing).toBe(false)
    const keys = [compressedPublicKey, hexlify(possession), NO_HASH, hexlify(isogenyKey.subarray(0, 83))]
    await send(owner, 'register', [...keys, 0], parseEther('2000'))
    const address = signerFromPrivateKey(joinerKey).address
    await eventually(async () => (await candidate(address))?.committee, 'the joiner to be elected', EPOCHS_MS)
    await eventually(async () => joiner!.status().producing, 'the joiner to make units', EPOCHS_MS)
    await eventually(
      async () => {
        const { round } = joiner!.status()
        const units = await rpc(devnet.rpcUrl, 'zos_getUnits', { fromRound: Math.max(1, round - 20), toRound: round })
        return units.some(
          (unit: { author: string; mci: number | null }) => unit.author === address && unit.mci !== null,
        )
      },
      'a unit of the joiner to be final',
      EPOCHS_MS,
    )
    await send(owner, 'unbond', [owner.address, parseEther('2000')])
    await eventually(async () => !(await candidate(address)).committee, 'the joiner to leave', EPOCHS_MS)
    await eventually(async () => !joiner!.status().producing, 'the joiner to make no more units', EPOCHS_MS)
  },
  2 * EPOCHS_MS,
)

test(
  'validators earn emission, and their owners claim the part that is free',
  async () => {
    const validator = new Wallet(hexlify(validatorKeys[0]!.privateKey), provider)
    await (await walletOf(2).sendTransaction({ to: validator.address, value: parseEther('1') })).wait()
    const contract = consensusOf(validator)
    await eventually(
      async () => (await contract.getFunction('pendingRewards')(validator.address, validator.address)) > 0n,
      'rewards',
      EPOCHS_MS,
    )
    const receipt = await send(validator, 'claim', [validator.address])
    const [event] = receipt.logs.map((log: never) => contract.interface.parseLog(log))
    expect(event.name).toBe('Rewarded')
    const { blockNumber, gasUsed, gasPrice } = receipt as TransactionReceipt
    const [before, after] = await Promise.all(
      [blockNumber - 1, blockNumber].map((block) => provider.getBalance(validator.address, block)),
    )
    // 40 % at once. What the block's leader got as tips may come on top.
    expect(after! - before!).toBeGreaterThanOrEqual(((event.args.amount as bigint) * 4n) / 10n - gasUsed * gasPrice)
  },
  EPOCHS_MS,
)

test(
  'whoever signed two units of one round loses its stake by evidence that anyone sends, and leaves the committee',
  async () => {
    const offender = validatorKeys[1]!
    const signer = signerFromPrivateKey(offender.privateKey)
    const { epoch } = await devnet.validators[0]!.status()
    const anchor = (await rpc(devnet.rpcUrl, 'zos_tips'))[0] as UnitId
    const unitAt = (timestampMs: number): Promise<Unit> =>
      createUnit({
        networkId: devnet.genesis.chainId,
        parents: [anchor],
        timestampMs,
        lastFinal: { mci: 0, id: anchor },
        validUntilMci: 1_000,
        validator: { round: epoch * EPOCH_ROUNDS + 2, selfParent: anchor },
        messages: [],
        signers: [signer],
      })
    const [earlier, later] = (await Promise.all([unitAt(1), unitAt(2)])).map(({ header, signatures }) => ({
      header,
      publicKey: signatures[0]!.publicKey,
      signature: signatures[0]!.signature,
    }))
    const reporter = walletOf(3)
    const evidence = hexlify(encodeEvidence({ kind: 'units', earlier: earlier!, later: later!, chain: [] }))
    const false_ = hexlify(encodeEvidence({ kind: 'units', earlier: earlier!, later: earlier!, chain: [] }))
    await expect(consensusOf(reporter).getFunction('submitEvidence').staticCall(false_)).rejects.toMatchObject({
      revert: { name: 'Refused' },
    })
    const balance = await provider.getBalance(reporter.address)
    const receipt = await send(reporter, 'submitEvidence', [evidence])
    const [event] = receipt.logs.map((log: never) => consensusOf(reporter).interface.parseLog(log))
    expect(event.name).toBe('Slashed')
    expect(event.args.amount).toBeGreaterThanOrEqual(BigInt(devnet.genesis.validators[1]!.stake))
    // A twentieth for the one who told.
    expect(await provider.getBalance(reporter.address)).toBeGreaterThan(balance + event.args.amount / 21n)
    expect((await candidate(offender.address)).tombstoned).toBe(true)
    await eventually(async () => !(await candidate(offender.address)).committee, 'the offender to be out', EPOCHS_MS)
    const { block } = await devnet.validators[0]!.status()
    await eventually(
      async () => (await devnet.validators[0]!.status()).block > block + 3,
      'blocks without it',
      EPOCHS_MS,
    )
  },
  2 * EPOCHS_MS,
)
