#!/usr/bin/env node
import { defineCommand, runMain } from 'citty'

/** Commands load what they need when they run, so that `--help` answers at once. */
const main = defineCommand({
  meta: { name: 'zos', version: '0.0.0', description: 'The ZOS node' },
  subCommands: {
    devnet: () => import('./cli/devnet.ts').then((module) => module.devnetCommand),
    start: () => import('./cli/start.ts').then((module) => module.startCommand),
    snapshot: () => import('./cli/snapshot.ts').then((module) => module.snapshotCommand),
  },
})

runMain(main)
