#!/usr/bin/env node
import { defineCommand, runMain } from 'citty'

/** Commands load what they need when they run, so that `--help` answers at once. */
const main = defineCommand({
  meta: { name: 'zlib', version: '0.0.0', description: 'Solidity applications of any size' },
  subCommands: {
    init: () => import('./cli/init.ts').then((module) => module.initCommand),
    add: () => import('./cli/add.ts').then((module) => module.addCommand),
    build: () => import('./cli/build.ts').then((module) => module.buildCommand),
    split: () => import('./cli/split.ts').then((module) => module.splitCommand),
    size: () => import('./cli/size.ts').then((module) => module.sizeCommand),
    check: () => import('./cli/check.ts').then((module) => module.checkCommand),
    diff: () => import('./cli/diff.ts').then((module) => module.diffCommand),
    publish: () => import('./cli/publish.ts').then((module) => module.publishCommand),
    remappings: () => import('./cli/remappings.ts').then((module) => module.remappingsCommand),
    deploy: () => import('./cli/deploy.ts').then((module) => module.deployCommand),
    verify: () => import('./cli/verify.ts').then((module) => module.verifyCommand),
  },
})

runMain(main)
