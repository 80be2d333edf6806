import type { Devnet } from '../devnet/devnet.ts'
import { privateKeyHex } from '../genesis/accounts.ts'
import type { Genesis } from '../genesis/genesis.ts'
import type { LightChain } from '../light/chain.ts'

/** What a newcomer needs to send the first transaction. */
export function describeDevnet(
  { genesis, rpcUrl, accounts, validators, mnemonic }: Devnet,
  dataDir: string | undefined,
): string {
  const balance = BigInt(genesis.accounts[0]!.balance) / 10n ** 18n
  return `
ZOS network "${genesis.name}" is running

  RPC         ${rpcUrl}   (${rpcUrl.replace('http', 'ws')})
  Explorer    ${rpcUrl}/
  Metrics     ${validators[0]!.metricsUrl}
  Chain id    ${genesis.chainId}
  Data        ${dataDir ?? 'not kept (--data-dir DIR keeps it)'}

Validators
${validators.map(({ index, address, pid, rpcUrl }) => `  (${index}) ${address}  ${rpcUrl}  process ${pid}`).join('\n')}

Accounts, ${balance.toLocaleString('en')} ZOS each
${accounts.map(({ address, path }, index) => `  (${index}) ${address}  ${path}`).join('\n')}

Private keys (public knowledge: never use them for anything of value)
${accounts.map((account, index) => `  (${index}) ${privateKeyHex(account)}`).join('\n')}

  Mnemonic    ${mnemonic}

Ctrl-C stops the network.`
}

/** The same for programs. */
export function devnetJson({ genesis, rpcUrl, accounts, validators, mnemonic }: Devnet): string {
  return JSON.stringify({
    rpcUrl,
    chainId: genesis.chainId,
    chain: lightChain(genesis),
    mnemonic,
    accounts: accounts.map((account) => ({
      address: account.address,
      path: account.path,
      privateKey: privateKeyHex(account),
    })),
    validators: validators.map(({ index, address, pid, rpcUrl, metricsUrl, logFile }) => ({
      index,
      address,
      pid,
      rpcUrl,
      metricsUrl,
      logFile,
    })),
  })
}

/** What a light node has to know of the network. */
function lightChain({ chainId, timestampMs, validators, consensus }: Genesis): LightChain {
  return { chainId, timestampMs, validators, ...(consensus ? { consensus } : {}) }
}
