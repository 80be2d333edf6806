import { randomFillSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalNode, createVault, defaultCrypto } from '@zos/rain-storage'
import { openPackStore } from '@zos/rain-storage/node'
const BYTES=32<<20, SEG=4<<20
const crypto=defaultCrypto()
const data=randomFillSync(new Uint8Array(BYTES))
function* pieces(){ for(let i=0;i<BYTES;i+=65536) yield data.subarray(i,i+65536) }
const folder=mkdtempSync('/tmp/zsp-')
let f=0
const R=Number(process.argv[2]??12)
for(let r=0;r<R;r++){ const t=process.cpuUsage(), w=performance.now()
 const store=await openPackStore(join(folder,'p'+f++))
 const nodes=Array.from({length:16},(_,i)=>createLocalNode({id:`n${i}`,domain:`d${i}`,weight:1,store,crypto}))
 const vault=createVault({nodes:()=>nodes,crypto,segmentBytes:SEG,padding:'none'})
 const t1=process.cpuUsage(t)
 await vault.put(pieces())
 const t2=process.cpuUsage(t)
 await store.close()
 const u=process.cpuUsage(t)
 console.log('open',((t1.user+t1.system)/1e3).toFixed(1),'put u',((t2.user-t1.user)/1e3).toFixed(1),'s',((t2.system-t1.system)/1e3).toFixed(1),'close',((u.user+u.system-t2.user-t2.system)/1e3).toFixed(1),'wall',(performance.now()-w).toFixed(0)) }
rmSync(folder,{recursive:true})
