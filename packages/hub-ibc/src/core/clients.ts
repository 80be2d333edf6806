/** ICS-02 messages: create, update (headers and misbehaviour alike), and the counterparty of IBC v2. */
import { fromUtf8, toHex, utf8 } from '../encoding/bytes.ts'
import { remembering } from '../encoding/protobuf.ts'
import { HubError } from '../errors.ts'
import {
  clientContext,
  clientOf,
  type Keeper,
  markProcessed,
  nextNumber,
  readMessage,
  requireActive,
  writeUint,
} from './keeper.ts'
import { heightText } from './light-client.ts'
import { CounterpartyInfo, type FieldsOf } from './messages.ts'
import { clientId as checkClientId, clientCreatorPath, counterpartyPath, nextSequenceSendPathV2 } from './paths.ts'

/** Stores a new client; its identifier. */
export function createClient(keeper: Keeper, msg: FieldsOf<'/ibc.core.client.v1.MsgCreateClient'>): string {
  if (!msg.clientState || !msg.consensusState) {
    throw new HubError('HUB_INVALID_ARGUMENT', 'a new client needs a client state and a consensus state')
  }
  const module = [...keeper.modules.values()].find((m) => m.clientStateTypeUrl === msg.clientState!.typeUrl)
  if (!module) throw new HubError('HUB_NOT_FOUND', 'no such kind of client here', { typeUrl: msg.clientState.typeUrl })
  const id = `${module.clientType}-${nextNumber(keeper, 'nextClientSequence')}`
  const context = clientContext(keeper, id)
  module.initialize(context, msg.clientState, msg.consensusState)
  const status = module.status(context)
  if (status !== 'active') throw new HubError('HUB_CLIENT_INACTIVE', `the new client is ${status}`, { clientId: id })
  const height = module.latestHeight(context)
  markProcessed(keeper, id, height)
  keeper.store.set(clientCreatorPath(id), utf8(msg.signer || '-'))
  keeper.emit({
    type: 'create_client',
    attributes: { client_id: id, client_type: module.clientType, consensus_height: heightText(height) },
  })
  return id
}

/** Applies a header, or freezes the client on misbehaviour. */
export function updateClient(keeper: Keeper, msg: FieldsOf<'/ibc.core.client.v1.MsgUpdateClient'>): void {
  if (!msg.clientMessage) throw new HubError('HUB_INVALID_ARGUMENT', 'an update needs a client message')
  requireActive(keeper, msg.clientId)
  const { module, context } = clientOf(keeper, msg.clientId)
  const { heights, frozen } = module.update(context, msg.clientMessage)
  for (const height of heights) markProcessed(keeper, msg.clientId, height)
  keeper.emit({
    type: frozen ? 'client_misbehaviour' : 'update_client',
    attributes: {
      client_id: msg.clientId,
      client_type: module.clientType,
      consensus_heights: heights.map(heightText).join(','),
      ...(frozen ? {} : { header: toHex(msg.clientMessage.value) }),
    },
  })
}

/**
 * Puts an active client's newest state in the place of one that is frozen or expired, so that its channels and packets go on (ibc-go's `MsgRecoverClient`).
 * The caller answers for who may ask.
 */
export function recoverClient(keeper: Keeper, subjectId: string, substituteId: string): void {
  const subject = clientOf(keeper, subjectId)
  const substitute = clientOf(keeper, substituteId)
  if (subject.module !== substitute.module || !subject.module.recover)
    throw new HubError('HUB_CLIENT_UPDATE', 'clients of this kind cannot be recovered', { subjectId, substituteId })
  if (subject.module.status(subject.context) === 'active')
    throw new HubError('HUB_CLIENT_UPDATE', 'an active client needs no recovery', { subjectId })
  requireActive(keeper, substituteId)
  subject.module.recover(subject.context, substitute.context)
  markProcessed(keeper, subjectId, subject.module.latestHeight(subject.context))
  keeper.emit({
    type: 'recover_client',
    attributes: { subject_client_id: subjectId, client_type: subject.module.clientType },
  })
}

/** IBC v2: binds a client here to the client there. Only the client's creator may, once. */
export function registerCounterparty(
  keeper: Keeper,
  msg: FieldsOf<'/ibc.core.client.v2.MsgRegisterCounterparty'>,
): void {
  clientOf(keeper, msg.clientId)
  checkClientId(msg.counterpartyClientId)
  const creator = keeper.store.get(clientCreatorPath(msg.clientId))
  if (!creator || fromUtf8(creator) !== (msg.signer || '-')) {
    throw new HubError('HUB_UNAUTHORIZED', 'only the creator of a client registers its counterparty', {
      clientId: msg.clientId,
    })
  }
  if (keeper.store.get(counterpartyPath(msg.clientId))) {
    throw new HubError('HUB_EXISTS', 'the client has a counterparty already', { clientId: msg.clientId })
  }
  if (msg.counterpartyMerklePrefix.length === 0) {
    throw new HubError('HUB_INVALID_ARGUMENT', 'a counterparty needs a Merkle prefix')
  }
  keeper.store.set(
    counterpartyPath(msg.clientId),
    CounterpartyInfo.encode({ merklePrefix: msg.counterpartyMerklePrefix, clientId: msg.counterpartyClientId }),
  )
  writeUint(keeper, nextSequenceSendPathV2(msg.clientId), 1n)
}

const StoredCounterparty = remembering(CounterpartyInfo)

/** The counterparty of a v2 client. Throws `HUB_NOT_FOUND`. */
export function counterpartyOf(keeper: Keeper, id: string): CounterpartyInfo {
  const info = readMessage(keeper, StoredCounterparty, counterpartyPath(id))
  if (!info) throw new HubError('HUB_NOT_FOUND', `client "${id}" has no counterparty`, { clientId: id })
  return info
}
