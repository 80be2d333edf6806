/** Takes each guard out, one at a time, and sees a test fail. A guard that nothing misses would be a guard that nothing tests. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')

const GUARDS: readonly { name: string; file: string; find: string; replace: string; tests: string }[] = [
  {
    name: 'replay, v1',
    file: 'core/packets.ts',
    find: "if (keeper.store.get(receiptPath(port, id, sequence))) return 'no-op'",
    replace: '',
    tests: 'test/core',
  },
  {
    name: 'replay, v2',
    file: 'core/packets-v2.ts',
    find: "if (keeper.store.get(receiptPathV2(packet.destinationClient, packet.sequence))) return 'no-op'",
    replace: '',
    tests: 'test/core',
  },
  {
    name: 'late arrival, v1',
    file: 'core/packets.ts',
    find: 'if (elapsed(packet, keeper.clock.height(), keeper.clock.now()))',
    replace: 'if (false as boolean)',
    tests: 'test/core',
  },
  {
    name: 'early timeout, v1',
    file: 'core/packets.ts',
    find: 'if (!elapsed(packet, msg.proofHeight, timestamp))',
    replace: 'if (false as boolean)',
    tests: 'test/core',
  },
  {
    name: 'the packet that was sent, v1',
    file: 'core/packets.ts',
    find: 'if (!equal(stored, commitPacket(packet)))',
    replace: 'if (false as boolean)',
    tests: 'test/core',
  },
  {
    name: 'a day at most, v2',
    file: 'core/packets-v2.ts',
    find: 'if (msg.timeoutTimestamp * NANO > now + MAX_TIMEOUT_SECONDS * NANO)',
    replace: 'if (false as boolean)',
    tests: 'test/core',
  },
  {
    name: 'only the creator registers',
    file: 'core/clients.ts',
    find: "if (!creator || fromUtf8(creator) !== (msg.signer || '-'))",
    replace: 'if (false as boolean)',
    tests: 'test/core',
  },
  {
    name: 'only active clients',
    file: 'core/keeper.ts',
    find: "if (status !== 'active')",
    replace: 'if (false as boolean)',
    tests: 'test/core',
  },
  {
    name: 'recovery of active clients',
    file: 'core/clients.ts',
    find: "if (subject.module.status(subject.context) === 'active')",
    replace: 'if (false as boolean)',
    tests: 'test/clients/clients',
  },
  {
    name: 'recovery under the same rules',
    file: 'clients/tendermint/client.ts',
    find: 'if (!equal(rules(old), rules(fresh)))',
    replace: 'if (false as boolean)',
    tests: 'test/clients/clients',
  },
  {
    name: 'holdings',
    file: 'hub/ledger.ts',
    find: 'if (held + flying < amount)',
    replace: 'if (false as boolean)',
    tests: 'test/hub',
  },
  {
    name: 'isolation on overdraw',
    file: 'hub/hub.ts',
    find: "if (isHubError(error, 'HUB_INSUFFICIENT') && error.context.overdraw === true)",
    replace: 'if (false as boolean)',
    tests: 'test/hub/hub',
  },
  {
    name: 'isolated zones stand still',
    file: 'hub/hub.ts',
    find: 'if (reason)',
    replace: 'if (false as boolean)',
    tests: 'test/hub/hub',
  },
  {
    name: 'token buckets',
    file: 'hub/bucket.ts',
    find: 'if (next > rule.capacity * NANO)',
    replace: 'if (false as boolean)',
    tests: 'test/hub/hub',
  },
  {
    name: 'caps',
    file: 'hub/hub.ts',
    find: 'if (cap && issued(name) + amount > BigInt(fromUtf8(cap)))',
    replace: 'if (false as boolean)',
    tests: 'test/hub/hub',
  },
  {
    name: 'names of hub assets',
    file: 'hub/hub.ts',
    find: "if (denom.trace.length === 0 && denom.base.startsWith('erc20/0x') && assets.originOf(denom.base))",
    replace: 'if (false as boolean)',
    tests: 'test/hub/hub',
  },
  {
    name: 'two thirds, CometBFT',
    file: 'clients/tendermint/verify.ts',
    find: 'const enough = (power: bigint) => power * 3n > total * 2n',
    replace: 'const enough = (power: bigint) => power >= 0n',
    tests: 'test/clients/clients',
  },
  {
    name: 'two thirds, checkpoints',
    file: 'clients/checkpoint.ts',
    find: 'if (signed * 3n <= total * 2n)',
    replace: 'if (false as boolean)',
    tests: 'test/clients/clients',
  },
  {
    name: 'both signatures',
    file: 'clients/checkpoint.ts',
    find: 'if (hybrid && !options.verifyIsogeny!',
    replace: 'if ((false as boolean) && !options.verifyIsogeny!',
    tests: 'test/clients/clients',
  },
  {
    name: 'enough attestors',
    file: 'clients/attestations.ts',
    find: 'if (seen.size < client.minRequiredSigs)',
    replace: 'if (false as boolean)',
    tests: 'test/clients/clients',
  },
  {
    name: 'one sibling a step',
    file: 'ics23/steps.ts',
    find: 'if (header < minPrefixLength || header > maxPrefixLength)',
    replace: 'if (false as boolean)',
    tests: 'test/ics23',
  },
  {
    name: 'neighbours',
    file: 'ics23/verify.ts',
    find: '} else if (!isLeftNeighbour(spec.innerSpec, left.path, right.path)) {',
    replace: '} else if (false as boolean) {',
    tests: 'test/ics23',
  },
  {
    name: 'nonces sign once',
    file: 'custody/frost.ts',
    find: 'if (nonces.hiding === 0n && nonces.binding === 0n)',
    replace: 'if (false as boolean)',
    tests: 'test/custody',
  },
  {
    name: 'one message a slot',
    file: 'custody/sign-once.ts',
    find: 'if (equal(known, wanted)) return',
    replace: 'if (known) return',
    tests: 'test/custody',
  },
  {
    name: 'reshares keep the key',
    file: 'custody/keygen.ts',
    find: 'if (!expected?.equals(polynomial[0]!))',
    replace: 'if (false as boolean)',
    tests: 'test/custody',
  },
]

it('every guard stands in the source as written here, once', () => {
  for (const { name, file, find } of GUARDS)
    expect(readFileSync(join(root, 'src', file), 'utf8').split(find), name).toHaveLength(2)
})

/** Guards that are taken out in every run; the others when there is time. */
const ALWAYS = ['replay, v1', 'holdings', 'one message a slot']

for (const { name, tests, ...guard } of GUARDS) {
  it.runIf(process.env.ZOS_LONG || ALWAYS.includes(name))(`without the guard "${name}" a test fails`, () => {
    const run = spawnSync(
      process.execPath,
      [
        vitest,
        'run',
        '--config',
        'test/e2e/vitest.guards.config.ts',
        '--root',
        '.',
        ...tests.split(' '),
        '--bail',
        '1',
      ],
      {
        cwd: root,
        env: { ...process.env, ZOS_GUARD: JSON.stringify(guard) },
        encoding: 'utf8',
      },
    )
    expect(run.stdout + run.stderr).not.toContain('the guard stands not exactly once')
    expect(run.status).not.toBe(0)
    expect(run.stdout + run.stderr).toMatch(/AssertionError|Tests .*failed/)
  })
}
