import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { defineCommand } from 'citty'
import { ZlibError } from '../errors.ts'
import { CONFIG_FILE } from '../project/config.ts'
import { JSON_ARG, report, run } from './run.ts'

const args = { json: JSON_ARG } as const

const SAMPLE = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A counter that anyone may raise
contract App {
    uint256 public count;

    event Raised(address indexed by, uint256 count);

    function raise(uint256 by) external {
        count += by;
        emit Raised(msg.sender, count);
    }
}
`

export const initCommand = defineCommand({
  meta: { name: 'init', description: 'Make a project in the current folder: zlib.json and a first contract' },
  args,
  run: (context) =>
    run(context.args, args, () => {
      const root = process.cwd()
      if (existsSync(join(root, CONFIG_FILE)))
        throw new ZlibError('ZLIB_FILE', `there is a ${CONFIG_FILE} already`, { path: CONFIG_FILE })
      const written = Object.entries({
        [CONFIG_FILE]: `${JSON.stringify({ modules: [] }, null, 2)}\n`,
        'src/App.sol': SAMPLE,
      })
        // What is there stays.
        .filter(([path]) => !existsSync(join(root, path)))
        .map(([path, text]) => {
          mkdirSync(dirname(join(root, path)), { recursive: true })
          writeFileSync(join(root, path), text)
          return path
        })
      report(context.args, { written }, [...written.map((path) => `wrote ${path}`), 'next: zlib build src/App.sol'])
    }),
})
