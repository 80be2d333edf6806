export { decodeLog, encodeLogEntry, type LogEntry } from '../log/unit-log.ts'
export { type Picture, type PictureSource, type PictureUnit, pictureOf } from './picture.ts'
export { drawSvg, ledgerHtml, ledgerSvg } from './svg.ts'
