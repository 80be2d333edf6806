import { createNode, type DerivedAccount, devnetGenesis, type Genesis, type ZosNode } from '@zos/node'

/** A network in one process and in memory: for tests of what is around it. */
export interface TestNetwork {
  readonly genesis: Genesis
  readonly accounts: readonly DerivedAccount[]
  readonly nodes: readonly ZosNode[]
  readonly urls: readonly string[]
  stop(): Promise<void>
}

export async function startNetwork(options: {
  validators?: number
  roundIntervalMs?: number
  epochRounds?: number
}): Promise<TestNetwork> {
  const { validators = 4, roundIntervalMs = 100, epochRounds = 16 } = options
  const { genesis, accounts, validatorKeys } = devnetGenesis({ validators, timestampMs: Date.now(), epochRounds })
  const nodes: ZosNode[] = []
  for (const { privateKey, isogenyKey } of validatorKeys)
    nodes.push(
      await createNode({
        genesis,
        validatorKey: privateKey,
        isogenyKey,
        roundIntervalMs,
        ticketHashes: 0,
        rpc: { port: 0 },
        p2p: { peers: nodes.flatMap((node) => node.addresses()) },
      }),
    )
  return {
    genesis,
    accounts,
    nodes,
    urls: nodes.map(({ rpcUrl }) => rpcUrl!),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}
