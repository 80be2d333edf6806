// litesvm: Solana's native execution in process, signatures verified, nothing written, no network. The peer of native transfers.
import { cpuUsage } from 'node:process'
import type { PeerResult } from './peer.ts'

const SENDERS = 20

/** `count` system transfers. Undefined where it is not installed. */
export async function litesvm(count: number): Promise<PeerResult | undefined> {
  const loaded = await Promise.all([
    import('litesvm'),
    import('@solana/kit'),
    import('@solana-program/system'),
  ] as const).catch(() => undefined)
  if (!loaded) return undefined
  const [{ FailedTransactionMetadata, LiteSVM }, kit, { getTransferSolInstruction }] = loaded
  const svm = new LiteSVM().withSigverify(true).withTransactionHistory(0n)
  const senders = await Promise.all(Array.from({ length: SENDERS }, () => kit.generateKeyPairSigner()))
  // The faucet of litesvm holds a million SOL.
  const start = 10n ** 12n
  for (const { address } of senders) svm.airdrop(address, kit.lamports(start))
  const recipient = (await kit.generateKeyPairSigner()).address
  svm.airdrop(recipient, kit.lamports(1_000_000_000n))
  const transactions = []
  for (let i = 0; i < count; i++) {
    const source = senders[i % SENDERS]!
    // Different amounts make different transactions under one block hash.
    const instruction = getTransferSolInstruction({ source, destination: recipient, amount: BigInt(1 + i) })
    transactions.push(
      await kit.signTransactionMessageWithSigners(
        kit.pipe(
          kit.createTransactionMessage({ version: 0 }),
          (message) => kit.setTransactionMessageFeePayerSigner(source, message),
          (message) => svm.setTransactionMessageLifetimeUsingLatestBlockhash(message),
          (message) => kit.appendTransactionMessageInstruction(instruction, message),
        ),
      ),
    )
  }
  const cpu = cpuUsage()
  const begin = performance.now()
  for (const transaction of transactions) {
    const answer = svm.sendTransaction(transaction)
    if (answer instanceof FailedTransactionMetadata) throw new Error(`litesvm refused one: ${answer.err()}`)
  }
  const seconds = (performance.now() - begin) / 1000
  const { user, system } = cpuUsage(cpu)
  const expected = 1_000_000_000n + (BigInt(count) * BigInt(count + 1)) / 2n
  if (svm.getBalance(recipient) !== expected) throw new Error('litesvm lost a transfer')
  return { tps: count / seconds, cpuMicrosPerTx: (user + system) / count }
}
