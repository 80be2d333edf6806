import { defineCommand, runMain } from 'citty'

/** Commands load what they need when they run, so that `--help` answers at once. */
const main = defineCommand({
  meta: { name: 'zlib', version: '0.0.0', description: 'Solidity applications of any size' },
  subCommands: {
    init: () => import('./init.ts').then((module) => module.initCommand),
    add: () => import('./add.ts').then((module) => module.addCommand),
    build: () => import('./build.ts').then((module) => module.buildCommand),
    split: () => import('./split.ts').then((module) => module.splitCommand),
    size: () => import('./size.ts').then((module) => module.sizeCommand),
    check: () => import('./check.ts').then((module) => module.checkCommand),
    diff: () => import('./diff.ts').then((module) => module.diffCommand),
    publish: () => import('./publish.ts').then((module) => module.publishCommand),
    remappings: () => import('./remappings.ts').then((module) => module.remappingsCommand),
    deploy: () => import('./deploy.ts').then((module) => module.deployCommand),
    verify: () => import('./verify.ts').then((module) => module.verifyCommand),
  },
})

runMain(main)
