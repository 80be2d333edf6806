/** ICS-03: the four steps by which two chains agree on a pair of clients. */
import { remembering } from '../encoding/protobuf.ts'
import { HubError } from '../errors.ts'
import { clientOf, type Keeper, nextNumber, readMessage, requireActive, verifyMembership } from './keeper.ts'
import { ConnectionEnd, ConnectionState, type FieldsOf, type Height, type Version } from './messages.ts'
import { connectionPath, pathUnderPrefix } from './paths.ts'

/** The one version there is. */
const VERSION: Version = { identifier: '1', features: ['ORDER_ORDERED', 'ORDER_UNORDERED'] }

function pickVersion(offered: readonly Version[]): Version {
  const version = offered.find((v) => v.identifier === VERSION.identifier)
  const features = version?.features.filter((feature) => VERSION.features.includes(feature)) ?? []
  if (features.length === 0)
    throw new HubError('HUB_STATE', 'no common connection version', { offered: offered.map((v) => v.identifier) })
  return { identifier: VERSION.identifier, features }
}

const StoredConnection = remembering(ConnectionEnd)

/** A stored connection. Throws `HUB_NOT_FOUND`. */
export function getConnection(keeper: Keeper, id: string): ConnectionEnd {
  const connection = readMessage(keeper, StoredConnection, connectionPath(id))
  if (!connection) throw new HubError('HUB_NOT_FOUND', `no connection "${id}"`, { connectionId: id })
  return connection
}

function save(keeper: Keeper, id: string, connection: ConnectionEnd, event: string): void {
  keeper.store.set(connectionPath(id), ConnectionEnd.encode(connection))
  keeper.emit({
    type: event,
    attributes: {
      connection_id: id,
      client_id: connection.clientId,
      counterparty_client_id: connection.counterparty.clientId,
      counterparty_connection_id: connection.counterparty.connectionId,
    },
  })
}

function verifyEnd(
  keeper: Keeper,
  connection: ConnectionEnd,
  there: string,
  expected: ConnectionEnd,
  proof: Uint8Array,
  height: Height,
): void {
  verifyMembership(
    keeper,
    connection.clientId,
    height,
    proof,
    pathUnderPrefix(connection.counterparty.prefix.keyPrefix, connectionPath(there)),
    ConnectionEnd.encode(expected),
  )
}

export function openInit(keeper: Keeper, msg: FieldsOf<'/ibc.core.connection.v1.MsgConnectionOpenInit'>): string {
  requireActive(keeper, msg.clientId)
  if (msg.counterparty.prefix.keyPrefix.length === 0)
    throw new HubError('HUB_INVALID_ARGUMENT', 'counterparty prefix is empty')
  const id = `connection-${nextNumber(keeper, 'nextConnectionSequence')}`
  const versions = msg.version ? [pickVersion([msg.version])] : [VERSION]
  save(
    keeper,
    id,
    {
      clientId: msg.clientId,
      versions,
      state: ConnectionState.INIT,
      counterparty: { ...msg.counterparty, connectionId: '' },
      delayPeriod: msg.delayPeriod,
    },
    'connection_open_init',
  )
  return id
}

export function openTry(keeper: Keeper, msg: FieldsOf<'/ibc.core.connection.v1.MsgConnectionOpenTry'>): string {
  clientOf(keeper, msg.clientId)
  const connection: ConnectionEnd = {
    clientId: msg.clientId,
    versions: [pickVersion(msg.counterpartyVersions)],
    state: ConnectionState.TRYOPEN,
    counterparty: msg.counterparty,
    delayPeriod: msg.delayPeriod,
  }
  const expected: ConnectionEnd = {
    clientId: msg.counterparty.clientId,
    versions: msg.counterpartyVersions,
    state: ConnectionState.INIT,
    counterparty: { clientId: msg.clientId, connectionId: '', prefix: { keyPrefix: keeper.prefix } },
    delayPeriod: msg.delayPeriod,
  }
  verifyEnd(keeper, connection, msg.counterparty.connectionId, expected, msg.proofInit, msg.proofHeight)
  const id = `connection-${nextNumber(keeper, 'nextConnectionSequence')}`
  save(keeper, id, connection, 'connection_open_try')
  return id
}

export function openAck(keeper: Keeper, msg: FieldsOf<'/ibc.core.connection.v1.MsgConnectionOpenAck'>): void {
  const connection = getConnection(keeper, msg.connectionId)
  if (connection.state !== ConnectionState.INIT) {
    throw new HubError('HUB_STATE', 'the connection is not in INIT', {
      connectionId: msg.connectionId,
      state: connection.state,
    })
  }
  const version = msg.version && pickVersion([msg.version])
  if (!version || !connection.versions.some((v) => v.identifier === version.identifier)) {
    throw new HubError('HUB_STATE', 'the counterparty chose a version that was not offered', {
      connectionId: msg.connectionId,
    })
  }
  const expected: ConnectionEnd = {
    clientId: connection.counterparty.clientId,
    versions: [msg.version!],
    state: ConnectionState.TRYOPEN,
    counterparty: {
      clientId: connection.clientId,
      connectionId: msg.connectionId,
      prefix: { keyPrefix: keeper.prefix },
    },
    delayPeriod: connection.delayPeriod,
  }
  verifyEnd(keeper, connection, msg.counterpartyConnectionId, expected, msg.proofTry, msg.proofHeight)
  save(
    keeper,
    msg.connectionId,
    {
      ...connection,
      state: ConnectionState.OPEN,
      versions: [version],
      counterparty: { ...connection.counterparty, connectionId: msg.counterpartyConnectionId },
    },
    'connection_open_ack',
  )
}

export function openConfirm(keeper: Keeper, msg: FieldsOf<'/ibc.core.connection.v1.MsgConnectionOpenConfirm'>): void {
  const connection = getConnection(keeper, msg.connectionId)
  if (connection.state !== ConnectionState.TRYOPEN) {
    throw new HubError('HUB_STATE', 'the connection is not in TRYOPEN', {
      connectionId: msg.connectionId,
      state: connection.state,
    })
  }
  const expected: ConnectionEnd = {
    clientId: connection.counterparty.clientId,
    versions: connection.versions,
    state: ConnectionState.OPEN,
    counterparty: {
      clientId: connection.clientId,
      connectionId: msg.connectionId,
      prefix: { keyPrefix: keeper.prefix },
    },
    delayPeriod: connection.delayPeriod,
  }
  verifyEnd(keeper, connection, connection.counterparty.connectionId, expected, msg.proofAck, msg.proofHeight)
  save(keeper, msg.connectionId, { ...connection, state: ConnectionState.OPEN }, 'connection_open_confirm')
}
