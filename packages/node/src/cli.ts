#!/usr/bin/env node
import { defineCommand, runMain } from 'citty'

/** Commands load what they need when they run, so that `--help` answers at once. */
const main = defineCommand({
  meta: { name: 'zos', version: '0.0.0', description: 'The ZOS node' },
  subCommands: {
    devnet: () => import('./cli/devnet.ts').then((module) => module.devnetCommand),
    start: () => import('./cli/start.ts').then((module) => module.startCommand),
    snapshot: () => import('./cli/snapshot.ts').then((module) => module.snapshotCommand),
    db: () => import('./cli/db.ts').then((module) => module.dbCommand),
    init: () => import('./cli/init.ts').then((module) => module.initCommand),
    keys: () => import('./cli/keys.ts').then((module) => module.keysCommand),
    validator: () => import('./cli/validator.ts').then((module) => module.validatorCommand),
    status: () => import('./cli/status.ts').then((module) => module.statusCommand),
    bench: () => import('./cli/bench.ts').then((module) => module.benchCommand),
  },
})

runMain(main)
