#!/usr/bin/env node
/// <reference types="node" />
// The parser of commands colours its help; colours are for terminals.
if (!process.stdout.isTTY) process.env.NO_COLOR = '1'
await import('./commands.ts')

export {}
