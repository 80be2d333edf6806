// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @title Rewards for contributions
/// @notice After an epoch the committee proposes who gets what as a Merkle root. During the challenge window anyone may object and the
/// governor may veto; afterwards each account claims its reward once. No epoch pays more than its budget.
/// @dev A leaf is keccak256(keccak256(abi.encode(epoch, account, amount))): hashed twice, so that an inner node cannot pass for a leaf.
/// Pairs are sorted, as in OpenZeppelin's MerkleProof. Rewards do not expire.
contract ContributionRewards {
    using SafeERC20 for IERC20;

    /// @notice What the constructor fixes.
    struct Rules {
        // Paid in.
        IERC20 token;
        // May propose.
        address committee;
        // May veto.
        address governor;
        // Begin of epoch 0, seconds since 1970.
        uint64 start;
        // Seconds of an epoch.
        uint64 epochLength;
        // Seconds between a proposal and the first claim.
        uint64 challengeWindow;
        // Most that an epoch may pay.
        uint256 budget;
    }

    struct Proposal {
        bytes32 root;
        // Sum of its rewards, and what of them was claimed.
        uint256 total;
        uint256 claimed;
        // First second in which claims are possible.
        uint64 claimableFrom;
    }

    IERC20 public immutable token;
    address public immutable committee;
    address public immutable governor;
    uint64 public immutable start;
    uint64 public immutable epochLength;
    uint64 public immutable challengeWindow;
    uint256 public immutable budget;

    /// @notice Tokens here that proposals lay claim to.
    uint256 public reserved;

    /// @notice The standing proposal of an epoch; empty where there is none.
    mapping(uint256 epoch => Proposal) public proposals;

    /// @notice Who has claimed.
    mapping(uint256 epoch => mapping(address account => bool)) public hasClaimed;

    event Proposed(uint256 indexed epoch, bytes32 root, uint256 total, uint64 claimableFrom);
    /// @notice An objection, with a commitment to its evidence. It decides nothing; the governor does.
    event Challenged(uint256 indexed epoch, address indexed by, bytes32 evidence);
    event Vetoed(uint256 indexed epoch, bytes32 root);
    event Claimed(uint256 indexed epoch, address indexed account, uint256 amount);

    error BadRules();
    error NotAllowed(address caller);
    error EpochNotOver(uint256 epoch, uint256 end);
    error AlreadyProposed(uint256 epoch);
    error EmptyProposal();
    error OverBudget(uint256 total, uint256 budget);
    error Unfunded(uint256 total, uint256 available);
    error NoProposal(uint256 epoch);
    error WindowClosed(uint256 epoch);
    error WindowOpen(uint256 epoch, uint256 until);
    error ClaimedBefore(uint256 epoch, address account);
    error BadProof();
    error OverTotal(uint256 epoch);

    constructor(Rules memory rules) {
        if (rules.epochLength == 0 || rules.challengeWindow == 0) revert BadRules();
        // Without a governor nothing could be struck, and a window beyond all time would make every proposal fail.
        if (rules.committee == address(0) || rules.governor == address(0)) revert BadRules();
        if (rules.challengeWindow > 3_650 days) revert BadRules();
        token = rules.token;
        committee = rules.committee;
        governor = rules.governor;
        start = rules.start;
        epochLength = rules.epochLength;
        challengeWindow = rules.challengeWindow;
        budget = rules.budget;
    }

    /// @notice Proposes the rewards of an epoch that is over. Reserves `total` of what lies here.
    /// @param root Of the Merkle tree of (epoch, account, amount).
    /// @param total Sum of the amounts; claims stop there, whatever the tree says.
    function propose(uint256 epoch, bytes32 root, uint256 total) external {
        if (msg.sender != committee) revert NotAllowed(msg.sender);
        uint256 end = start + (epoch + 1) * epochLength;
        if (block.timestamp < end) revert EpochNotOver(epoch, end);
        if (proposals[epoch].claimableFrom != 0) revert AlreadyProposed(epoch);
        if (root == 0 || total == 0) revert EmptyProposal();
        if (total > budget) revert OverBudget(total, budget);
        uint256 available = token.balanceOf(address(this)) - reserved;
        if (total > available) revert Unfunded(total, available);
        reserved += total;
        uint64 claimableFrom = uint64(block.timestamp) + challengeWindow;
        proposals[epoch] = Proposal(root, total, 0, claimableFrom);
        emit Proposed(epoch, root, total, claimableFrom);
    }

    /// @notice Objects to a proposal while its window is open. `evidence` commits to what shows the fault, a CID's digest for instance.
    function challenge(uint256 epoch, bytes32 evidence) external {
        _openProposal(epoch);
        emit Challenged(epoch, msg.sender, evidence);
    }

    /// @notice Strikes a proposal while its window is open. The committee may propose again.
    function veto(uint256 epoch) external {
        if (msg.sender != governor) revert NotAllowed(msg.sender);
        Proposal storage proposal = _openProposal(epoch);
        reserved -= proposal.total;
        emit Vetoed(epoch, proposal.root);
        delete proposals[epoch];
    }

    /// @notice Pays `account` its reward of an epoch. Anyone may call it.
    function claim(uint256 epoch, address account, uint256 amount, bytes32[] calldata proof) external {
        Proposal storage proposal = proposals[epoch];
        if (proposal.claimableFrom == 0) revert NoProposal(epoch);
        if (block.timestamp < proposal.claimableFrom) revert WindowOpen(epoch, proposal.claimableFrom);
        if (hasClaimed[epoch][account]) revert ClaimedBefore(epoch, account);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(epoch, account, amount))));
        if (!MerkleProof.verifyCalldata(proof, proposal.root, leaf)) revert BadProof();
        if (amount > proposal.total - proposal.claimed) revert OverTotal(epoch);
        hasClaimed[epoch][account] = true;
        proposal.claimed += amount;
        reserved -= amount;
        emit Claimed(epoch, account, amount);
        token.safeTransfer(account, amount);
    }

    /// @dev The proposal of `epoch`, with its window open.
    function _openProposal(uint256 epoch) private view returns (Proposal storage proposal) {
        proposal = proposals[epoch];
        if (proposal.claimableFrom == 0) revert NoProposal(epoch);
        if (block.timestamp >= proposal.claimableFrom) revert WindowClosed(epoch);
    }
}
