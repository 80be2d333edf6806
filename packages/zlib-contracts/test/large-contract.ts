/** An application of any size: OpenZeppelin's token with votes and permits, and `functions` more with storage, structs and strings of their own. */
export function largeContract(functions: number): string {
  const body = Array.from(
    { length: functions },
    (_, i) => `
  struct Quest${i} { address player; uint96 score; uint64 at; string note; }
  mapping(address => Quest${i}[]) internal quests${i};
  event Quested${i}(address indexed player, uint256 indexed index, uint256 score, string note);
  error Unworthy${i}(address player, uint256 score);
  function quest${i}(uint256 score, bytes calldata proof, string calldata note) external returns (bytes32 digest) {
    if (score < ${i + 1}) revert Unworthy${i}(msg.sender, score);
    uint256 bonus = uint256(keccak256(abi.encodePacked(proof, score, "quest${i}"))) % ${97 + i};
    for (uint256 k = 0; k < proof.length && k < 8; ++k) bonus += (uint8(proof[k]) * (k + ${i + 1})) % ${11 + i};
    quests${i}[msg.sender].push(Quest${i}(msg.sender, uint96(score + bonus), uint64(block.timestamp), note));
    total += score * ${i + 3} + bonus;
    emit Quested${i}(msg.sender, quests${i}[msg.sender].length - 1, score + bonus, note);
    digest = keccak256(abi.encode(msg.sender, score, note, total));
  }
  function best${i}(address player) external view returns (uint256 best) {
    Quest${i}[] storage all = quests${i}[player];
    for (uint256 k = 0; k < all.length; ++k) if (all[k].score > best) best = all[k].score;
  }`,
  )
  return `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;
import "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import "@openzeppelin/contracts/access/AccessControl.sol";
contract Large is ERC20, ERC20Permit, ERC20Votes, AccessControl {
  uint256 public total; uint256 public immutable origin;
  constructor(uint256 o) ERC20("Large", "LRG") ERC20Permit("Large") { origin = o; _mint(msg.sender, 1e24); _grantRole(DEFAULT_ADMIN_ROLE, msg.sender); }
  function _update(address a, address b, uint256 v) internal override(ERC20, ERC20Votes) { super._update(a, b, v); }
  function nonces(address o) public view override(ERC20Permit, Nonces) returns (uint256) { return super.nonces(o); }
  ${body.join('\n')}
}`
}
