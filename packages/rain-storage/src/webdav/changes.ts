/** Methods that change the tree: PUT, MKCOL, DELETE, COPY, MOVE and PROPPATCH. All but the body of a PUT happens in the tree's turn. */
import { bodyOf, type Call, depthOf, destinationOf, type Parts, xmlOf } from './call.ts'
import { DavFailure } from './failure.ts'
import { checkLocks, checkWrite } from './guards.ts'
import { WEBDAV_LIMITS } from './limits.ts'
import { multistatus, propertyResponse } from './multistatus.ts'
import { hrefOf, isWithin } from './path.ts'
import { parseProppatch, patched } from './properties.ts'
import { type FileNode, type Node, type Place, quotaExceeded } from './tree.ts'

const created = (isNew: boolean, headers: Record<string, string> = {}) =>
  new Response(null, { status: isNew ? 201 : 204, headers })

/** PUT: the body is stored first and named then; what failed before has changed nothing. */
export async function put(parts: Parts, call: Call): Promise<Response> {
  const { tree, content, quotaBytes } = parts
  const { headers, path } = call
  if (headers.has('content-range')) throw new DavFailure(400, 'A part of a file cannot be put')
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity')
    throw new DavFailure(415, 'Files come without a content encoding')
  const room = (old: FileNode | undefined) =>
    (quotaBytes ?? Number.POSITIVE_INFINITY) - tree.usedBytes + (old?.size ?? 0)
  const announced = Number(headers.get('content-length') ?? 0)
  const check = async (place: Place): Promise<FileNode | undefined> => {
    await checkWrite(parts, call, place.node)
    if (place.node?.kind === 'collection' || path.length === 0) throw new DavFailure(405, 'It is a collection')
    if (place.parent === undefined) throw new DavFailure(409, 'There is no collection to put it into')
    checkLocks(parts, call, [{ path, itself: true, membership: place.node === undefined }])
    return place.node
  }
  // before the body, so that a refused request need not send it, and again when it is named
  let allowed = room(await check(await tree.locate(path)))
  if (announced > WEBDAV_LIMITS.fileBytes) throw new DavFailure(413, 'The file is too long')
  if (announced > allowed) throw quotaExceeded()
  const release = content.hold()
  try {
    const stored = await content.put(
      limited(bodyOf(call), () => allowed),
      call.request.signal,
    )
    const type = headers.get('content-type')
    return await tree.exclusive(async () => {
      const place = await tree.locate(path)
      const old = await check(place)
      allowed = room(old)
      if (stored.size > allowed) throw quotaExceeded()
      const node = tree.file({ ...stored, ...(type === null ? {} : { type }) }, old)
      await tree.put(place, node)
      return created(old === undefined, { etag: `"${node.etag}"` })
    })
  } finally {
    release()
  }
}

async function* limited(body: AsyncGenerator<Uint8Array>, allowed: () => number): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const part of body) {
    size += part.length
    if (size > WEBDAV_LIMITS.fileBytes) throw new DavFailure(413, 'The file is too long')
    if (size > allowed()) throw quotaExceeded()
    yield part
  }
}

/** MKCOL. */
export async function makeCollection(parts: Parts, call: Call): Promise<Response> {
  const { headers, path } = call
  const { tree } = parts
  if (Number(headers.get('content-length') ?? 0) > 0 || headers.has('transfer-encoding'))
    throw new DavFailure(415, 'MKCOL has no body')
  return tree.exclusive(async () => {
    const place = await tree.locate(path)
    await checkWrite(parts, call, place.node)
    if (place.node !== undefined) throw new DavFailure(405, 'It is there already')
    if (place.parent === undefined) throw new DavFailure(409, 'There is no collection to make it in')
    checkLocks(parts, call, [{ path, itself: true, membership: true }])
    await tree.put(place, tree.emptyCollection())
    return created(true)
  })
}

/** DELETE. */
export async function remove(parts: Parts, call: Call): Promise<Response> {
  const { tree, locks } = parts
  const { path } = call
  const depth = depthOf(call, ['infinity', '1', '0'])
  return tree.exclusive(async () => {
    const place = await tree.locate(path)
    await checkWrite(parts, call, place.node)
    if (path.length === 0) throw new DavFailure(403, 'The root stays')
    if (place.node === undefined) throw new DavFailure(404, 'Nothing is here')
    checkWhole(place.node, depth)
    checkLocks(parts, call, [{ path, itself: true, membership: true, below: true }])
    const ended = locks.forgetting([...locks.at(path), ...locks.below(path)])
    await tree.remove(place, ended)
    locks.apply(ended)
    return created(false)
  })
}

/** A collection goes with all below it; for a file any depth is the same (RFC 4918 §9.6.1, §9.9.2). */
function checkWhole(node: Node, depth: string): void {
  if (node.kind === 'collection' && depth !== 'infinity')
    throw new DavFailure(400, 'The depth of this is infinity for a collection')
}

/** COPY and MOVE. */
export async function transfer(parts: Parts, call: Call, kind: 'copy' | 'move'): Promise<Response> {
  const { tree, locks, prefix } = parts
  const { path } = call
  const depth = depthOf(call, ['infinity', '1', '0'])
  const deep = depth === 'infinity' || kind === 'move'
  const overwrite = call.headers.get('overwrite')?.trim().toUpperCase() ?? 'T'
  if (overwrite !== 'T' && overwrite !== 'F') throw new DavFailure(400, 'Overwrite is T or F')
  const destination = destinationOf(call, prefix)
  return tree.exclusive(async () => {
    const from = await tree.locate(path)
    const to = await tree.locate(destination)
    await checkWrite(parts, call, from.node)
    if (from.node === undefined) throw new DavFailure(404, 'Nothing is here')
    if (kind === 'move' || depth === '1') checkWhole(from.node, depth)
    // what lies within the other would be copied into itself, or removed before it is copied
    if (isWithin(path, destination) || (isWithin(destination, path) && (deep || path.length === destination.length)))
      throw new DavFailure(403, 'The source and the destination are within each other')
    if (to.parent === undefined) throw new DavFailure(409, 'There is no collection to put it into')
    if (to.node !== undefined && overwrite === 'F') throw new DavFailure(412, 'The destination is there already')
    const source = { path, itself: true, membership: true, below: true }
    const target = {
      path: destination,
      itself: true,
      membership: to.node === undefined || kind === 'move',
      below: to.node !== undefined,
    }
    checkLocks(parts, call, kind === 'move' ? [source, target] : [target])
    if (from.node.kind === 'collection' && deep) await checkDepth(parts, from, destination.length)
    // locks stay where they are; those whose root is gone end. The destination is there afterwards, so its own stay
    const moved = kind === 'move' ? [...locks.at(path), ...locks.below(path)] : []
    const ended = locks.forgetting([...moved, ...locks.below(destination)])
    if (kind === 'move') await tree.move(from, to, ended)
    else await tree.copy(from.node, to, deep, parts.quotaBytes, ended)
    locks.apply(ended)
    return created(to.node === undefined)
  })
}

/** A tree must not come to be deeper than a path can be. Cost: all that is below, when it might be. */
async function checkDepth({ tree }: Parts, { path, node }: Place, depth: number): Promise<void> {
  if (depth <= path.length) return
  for await (const { path: inner } of tree.walk([], node!, Number.POSITIVE_INFINITY)) {
    if (depth + inner.length > WEBDAV_LIMITS.depth)
      throw new DavFailure(403, `A path has at most ${WEBDAV_LIMITS.depth} segments`)
  }
}

/** PROPPATCH. */
export async function patchProperties(parts: Parts, call: Call): Promise<Response> {
  const { tree, prefix } = parts
  const { path } = call
  const steps = parseProppatch(await xmlOf(call))
  return tree.exclusive(async () => {
    const place = await tree.locate(path)
    await checkWrite(parts, call, place.node)
    if (place.node === undefined) throw new DavFailure(404, 'Nothing is here')
    checkLocks(parts, call, [{ path, itself: true }])
    const { properties, groups } = patched(place.node.properties, steps)
    if (properties !== undefined) await tree.update(place, { ...place.node, properties })
    const href = hrefOf(path, prefix, place.node.kind === 'collection')
    return multistatus(only(propertyResponse(href, groups)))
  })
}

async function* only(text: string): AsyncGenerator<string> {
  yield text
}
