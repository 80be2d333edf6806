// Lists the exports of the packages' entries that have no docstring, as the built declarations show them to users and their editors.
// A value and a type of one name need one each; a module that is re-exported as a namespace is described by its head comment.
import { readdirSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import ts from 'typescript'
import { root } from './run.mjs'

const { SymbolFlags } = ts

function entriesOf(folder) {
  const { exports } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  return Object.values(exports)
    .filter((target) => typeof target === 'object' && target.types && !target.types.includes('*'))
    .map((target) => `${folder}/${target.types}`)
}

/** A variable's comment stands before its statement. */
const commented = (declaration) =>
  ts.getJSDocCommentsAndTags(ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration).length > 0

/** True for the declarations that make a value; those of a class make a type as well, with one comment for both. */
const makesValue = (declaration) =>
  ts.isVariableDeclaration(declaration) ||
  ts.isFunctionDeclaration(declaration) ||
  ts.isClassDeclaration(declaration) ||
  ts.isEnumDeclaration(declaration)

/** One comment is enough for the overloads of a function, and for the parts of an interface. */
const isDocumented = (declarations) =>
  [true, false].every((value) => {
    const group = declarations.filter((declaration) => makesValue(declaration) === value)
    return group.length === 0 || group.some(commented)
  })

/** Exports of a package by where they are declared; what comes from other packages is theirs to describe. */
function exportsOf(folder) {
  const entries = entriesOf(folder)
  const program = ts.createProgram(entries, {
    noLib: true,
    types: [],
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  })
  const checker = program.getTypeChecker()
  const found = new Map()
  for (const entry of entries) {
    const file = program.getSourceFile(entry)
    if (!file) throw new Error(`${entry} is missing: build the packages first`)
    const module = checker.getSymbolAtLocation(file)
    for (const exported of module ? checker.getExportsOfModule(module) : []) {
      const symbol = exported.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const place = symbol.declarations?.[0]?.getSourceFile().fileName
      if (!place?.startsWith(`${folder}/dist/`) || symbol.flags & SymbolFlags.ValueModule) continue
      found.set(`${relative(`${folder}/dist`, place)}: ${symbol.name}`, symbol.declarations)
    }
  }
  return found
}

let count = 0
let undocumented = 0
for (const name of readdirSync(`${root}packages`)) {
  for (const [id, declarations] of exportsOf(`${root}packages/${name}`)) {
    count++
    if (isDocumented(declarations)) continue
    undocumented++
    console.log(`${name} ${id}`)
  }
}
console.log(`${count} exports, ${undocumented} without a docstring`)
process.exit(undocumented ? 1 : 0)
