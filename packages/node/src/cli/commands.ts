import { defineCommand, runMain } from 'citty'

/** Commands load what they need when they run, so that `--help` answers at once. */
const main = defineCommand({
  meta: { name: 'zos', version: '0.0.0', description: 'The ZOS node' },
  subCommands: {
    devnet: () => import('./devnet.ts').then((module) => module.devnetCommand),
    start: () => import('./start.ts').then((module) => module.startCommand),
    snapshot: () => import('./snapshot.ts').then((module) => module.snapshotCommand),
    db: () => import('./db.ts').then((module) => module.dbCommand),
    init: () => import('./init.ts').then((module) => module.initCommand),
    keys: () => import('./keys.ts').then((module) => module.keysCommand),
    validator: () => import('./validator.ts').then((module) => module.validatorCommand),
    status: () => import('./status.ts').then((module) => module.statusCommand),
    bench: () => import('./bench.ts').then((module) => module.benchCommand),
  },
})

runMain(main)
