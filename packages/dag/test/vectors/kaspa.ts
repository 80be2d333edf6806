/**
 * The colouring cases dag0 … dag5 of rusty-kaspa (kaspanet/rusty-kaspa 593399e, `testing/integration/testdata/dags`, ISC) in compact form.
 * First line of each: name, k, genesis; then a block a line: id, parents, blue score, selected parent, blues, reds.
 */
const CASES = `
dag0 4 A
B A 1 A A -
C B 2 B B -
D A 1 A A -
E C,D 4 C C,D -
F A 1 A A -
G F 2 F F -
H A 1 A A -
I A 1 A A -
J E,G 7 E E,F,G -
K J 8 J J -
L I,K 9 K K I
M L 10 L L -
N M 11 M M -
O M 11 M M -
2 M 11 M M -
Q M 11 M M -
R M 11 M M -
S R 12 R R -
T N,O,2,Q,S 16 S S,2,N,O Q

dag1 4 0
a1 0 1 0 0 -
2 0 1 0 0 -
3 0 1 0 0 -
4 a1 2 a1 a1 -
5 2,3 3 3 3,2 -
6 3 2 3 3 -
7 6 3 6 6 -
8 a1,2 3 a1 a1,2 -
9 5,6 5 5 5,6 -
a10 8,4 5 8 8,4 -
11 7,9 7 9 9,7 -
12 a10,9 8 a10 a10,5,9 3,6
13 5,8 6 8 8,3,5 -
14 13,a10 8 13 13,a10 4
15 11,13 9 11 11,13 a1,8
16 11 8 11 11 -
17 14 9 14 14 -
18 13 7 13 13 -
19 18,15 10 15 15 18
20 16,17 10 17 17 6,7,9,11,16
21 18,20 12 20 20,18 -
22 19,21 13 21 21 15,19
23 12,17 11 17 17,12 6,9
24 20,23 13 23 23,20 7,11,16
25555 21 13 21 21 -
26 22,24,25555 15 25555 25555,22 12,15,19,23,24
27 16 9 16 16 -
28 23,25555 14 25555 25555 12,23
29 26,28 17 26 26,28 -
30 27 10 27 27 -

dag2 18 786
21d 786 1 786 786 -
6ef 21d 2 21d 21d -
c98 6ef 3 6ef 6ef -
d1c 786 1 786 786 -
ec9 d1c,c98 5 c98 c98,d1c -
f154 786 1 786 786 -
6c7 d1c,21d,f154 4 f154 f154,21d,d1c -
015 ec9,6c7 8 ec9 ec9,f154,6c7 -
crash 6ef,6c7 6 6c7 6c7,6ef -

dag3 3 0
1 0 1 0 0 -
2 1 2 1 1 -
3 1 2 1 1 -
4 1 2 1 1 -
5 4,2,3 5 4 4,2,3 -
6 0 1 0 0 -
7 6 2 6 6 -
8 7 3 7 7 -
9 8 4 8 8 -
10 5,9 6 5 5 6,7,8,9

dag4 2 0
1 0 1 0 0 -
2 0 1 0 0 -
3 2 2 2 2 -
4 2 2 2 2 -
5 1 2 1 1 -
6 4,5 5 5 5,2,4 -
7 3,5 5 5 5,2,3 -
8 3 3 3 3 -
9 6,7,8 6 7 7 4,8,6

dag5 3 0
1 0 1 0 0 -
2 0 1 0 0 -
3 0 1 0 0 -
4 0 1 0 0 -
5 1,2,3 4 3 3,1,2 -
6 1,2,3,4 5 4 4,1,2,3 -
7 5,6 6 6 6 5
`

export function ghostdagCases() {
  const list = (text: string) => (text === '-' ? [] : text.split(','))
  return CASES.trim()
    .split('\n\n')
    .map((part) => {
      const [head, ...lines] = part.split('\n')
      const [name, k, genesis] = head!.split(' ') as [string, string, string]
      const blocks = lines.map((line) => {
        const [id, parents, score, selectedParent, blues, reds] = line.split(' ') as [string, string, string, string, string, string]
        return { id, parents: list(parents), score: Number(score), selectedParent, blues: list(blues), reds: list(reds) }
      })
      return { name, k: Number(k), genesis, blocks }
    })
}
