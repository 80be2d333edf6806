import { execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { createImage } from '../../src/nbd/image.ts'
import { createVaultBase } from '../../src/nbd/vault-base.ts'
import { serveNbd } from '../../src/platform/nbd-server.ts'
import { openPackStore } from '../../src/platform/pack/pack-store.ts'
import { createLocalNode } from '../../src/rain/node.ts'
import { createVault } from '../../src/rain/vault.ts'

const kernel = globSync('/boot/vmlinuz-*').sort().at(-1)
const modules = globSync(
  '/lib/modules/*/kernel/drivers/{virtio,block}/{virtio_ring,virtio,virtio_pci_legacy_dev,virtio_pci_modern_dev,virtio_pci,virtio_blk}.ko',
)
const [QEMU, BUSYBOX, MKFS, FSCK, COPY] = [
  '/usr/bin/qemu-system-x86_64',
  '/bin/busybox',
  '/sbin/mkfs.ext4',
  '/sbin/e2fsck',
  '/usr/bin/nbdcopy',
]
const missing = [QEMU, BUSYBOX, MKFS, FSCK, COPY].filter((path) => !existsSync(path))
if (kernel === undefined || modules.length < 6) missing.push('a kernel with virtio modules')
const SIZE = 48 * 1024 * 1024

it.skipIf(missing.length > 0)(
  `a Linux machine boots from an image in a vault after n − k nodes are gone, writes, and boots again ${missing.length > 0 ? `(skipped: ${missing.join(', ')} not installed)` : ''}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'zos-vm-'))
    try {
      // the root file system: busybox and an init that counts boots
      const root = join(folder, 'root')
      for (const name of ['bin', 'sbin', 'proc', 'dev']) await mkdir(join(root, name), { recursive: true })
      await copyFile(BUSYBOX, join(root, 'bin/busybox'))
      const init =
        '#!/bin/busybox sh\n/bin/busybox echo boot >> /boots\n/bin/busybox echo "BOOTED $(/bin/busybox wc -l < /boots)"\n/bin/busybox sync\n/bin/busybox mount -o remount,ro /\n/bin/busybox poweroff -f\n'
      await writeFile(join(root, 'sbin/init'), init)
      await chmod(join(root, 'sbin/init'), 0o755)
      const raw = join(folder, 'disk.raw')
      await writeFile(raw, Buffer.alloc(SIZE))
      execFileSync(MKFS!, ['-q', '-d', root, raw])

      // the first file system of the kernel: drivers, then the disk
      const early = join(folder, 'early')
      for (const name of ['bin', 'm', 'new', 'dev', 'proc']) await mkdir(join(early, name), { recursive: true })
      await copyFile(BUSYBOX, join(early, 'bin/busybox'))
      const order = [
        'virtio_ring',
        'virtio',
        'virtio_pci_legacy_dev',
        'virtio_pci_modern_dev',
        'virtio_pci',
        'virtio_blk',
      ]
      for (const name of order)
        await copyFile(modules.find((path) => path.endsWith(`/${name}.ko`))!, join(early, 'm', `${name}.ko`))
      const lines = [...order, ...order].map((name) => `/bin/busybox insmod /m/${name}.ko 2>/dev/null`)
      await writeFile(
        join(early, 'init'),
        `#!/bin/busybox sh\n/bin/busybox mount -t devtmpfs d /dev\n${lines.join('\n')}\nfor i in 1 2 3 4 5 6 7 8 9; do [ -b /dev/vda ] || /bin/busybox sleep 1; done\n/bin/busybox mount -t ext4 /dev/vda /new || /bin/busybox poweroff -f\nexec /bin/busybox switch_root /new /sbin/init\n`,
      )
      await chmod(join(early, 'init'), 0o755)
      const archive = execFileSync(BUSYBOX!, ['sh', '-c', `cd ${early} && find . | busybox cpio -o -H newc`], {
        maxBuffer: 64e6,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      await writeFile(join(folder, 'early.cpio'), archive)

      const nodes = Array.from({ length: 16 }, (_, i) =>
        createLocalNode({ id: `n${i}`, domain: `d${i}`, weight: 1, store: createMemoryBlockStore() }),
      )
      let alive = nodes
      const vault = createVault({ nodes: () => alive })
      const capability = await vault.put([await readFile(raw)])
      alive = nodes.slice(6)
      const base = await createVaultBase(vault, capability)
      const store = await openPackStore(join(folder, 'blocks'))
      const image = await createImage(store, SIZE, { base })
      const server = await serveNbd({ exports: new Map([['disk', { image }]]), listen: { port: 0 } })
      const uri = `nbd://127.0.0.1:${server.port}/disk`
      try {
        for (const boot of [1, 2]) {
          const text = await new Promise<string>((resolve) => {
            const args = [
              '-accel',
              'tcg',
              '-m',
              '256',
              '-nographic',
              '-no-reboot',
              '-kernel',
              kernel!,
              '-initrd',
              join(folder, 'early.cpio'),
              '-append',
              'console=ttyS0 panic=-1 quiet',
              '-drive',
              `file=${uri},format=raw,if=virtio`,
              '-net',
              'none',
            ]
            const machine = spawn(QEMU!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
            let out = ''
            machine.stdout.on('data', (part) => (out += part))
            machine.stderr.on('data', (part) => (out += part))
            const limit = setTimeout(() => machine.kill('SIGKILL'), 110_000)
            machine.on('close', () => {
              clearTimeout(limit)
              resolve(out)
            })
          })
          expect(text).toContain(`BOOTED ${boot}`)
        }
        // not execFileSync: the server answers in this process
        await promisify(execFile)(COPY!, [uri, `${raw}.after`], { timeout: 60_000 })
        execFileSync(FSCK!, ['-fn', `${raw}.after`], { stdio: 'ignore' })
      } finally {
        await server.close()
        await store.close()
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  },
  300_000,
)
