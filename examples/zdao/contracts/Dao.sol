// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {MerkleDistributor} from "@zos/zlib-contracts/contracts/distribution/MerkleDistributor.sol";
import {OneAddressDao} from "@zos/zlib-contracts/contracts/governance/OneAddressDao.sol";
import {StorageRefs} from "@zos/zlib-contracts/contracts/storage/StorageRefs.sol";
import {Treasury} from "./Treasury.sol";

/// @title ZDao: token, governor, timelock, treasury and contribution rewards at one address
/// @notice Each epoch a committee names who contributed what, as a Merkle root within the epoch's budget. For a week a vote (or the guardian, who
/// can do nothing else) may strike it; then each reward is claimed once.
contract Dao is Treasury, MerkleDistributor, StorageRefs {
    /// @notice How the DAO begins.
    struct Beginning {
        // Who gets the tokens that are not the treasury's.
        address[] holders;
        uint256[] amounts;
        uint256 treasury;
        address committee;
        address guardian;
        // Most that an epoch's rewards may be.
        uint256 epochBudget;
    }

    uint64 public constant EPOCH = 30 days;
    /// @notice Longer than a vote with its delays, so that a vote can strike a proposal.
    uint64 public constant CHALLENGE_WINDOW = 7 days;
    uint64 public constant CLAIM_TIME = 180 days;
    /// @notice May propose an epoch's rewards.
    bytes32 public constant COMMITTEE_ROLE = keccak256("COMMITTEE_ROLE");

    uint64 public immutable start;
    uint256 public epochBudget;
    /// @notice The distribution of an epoch's rewards; 0 where there is none.
    mapping(uint256 epoch => uint256) public rewardsOf;

    event RewardsProposed(uint256 indexed epoch, uint256 indexed distribution, uint256 total);
    event Challenged(uint256 indexed epoch, address indexed by, bytes32 evidence);

    error EpochNotOver(uint256 epoch, uint256 end);
    error ProposedAlready(uint256 epoch);
    error OverBudget(uint256 total, uint256 budget);
    error NothingToChallenge(uint256 epoch);

    constructor(string memory name_, string memory symbol_, Beginning memory with, GovernorRules memory rules, uint256 delay)
        initializer
    {
        __OneAddressDao_init(name_, symbol_, rules, delay);
        for (uint256 i; i < with.holders.length; ++i) _mint(with.holders[i], with.amounts[i]);
        _mint(address(this), with.treasury);
        _grantRole(COMMITTEE_ROLE, with.committee);
        _grantRole(DISTRIBUTION_VETO_ROLE, with.guardian);
        _grantRole(DISTRIBUTION_VETO_ROLE, address(this));
        epochBudget = with.epochBudget;
        start = uint64(block.timestamp);
    }

    /// @notice Proposes the rewards of an epoch that is over, paid from the treasury. What was vetoed may be proposed anew.
    /// @param root Of the tree of (distribution, index, account, amount); the distribution is the next one, `distributionCount() + 1`.
    function proposeRewards(uint256 epoch, bytes32 root, uint256 total)
        external
        onlyRole(COMMITTEE_ROLE)
        returns (uint256 id)
    {
        uint256 end = start + (epoch + 1) * EPOCH;
        if (block.timestamp < end) revert EpochNotOver(epoch, end);
        if (_standing(epoch)) revert ProposedAlready(epoch);
        if (total > epochBudget) revert OverBudget(total, epochBudget);
        id = _openDistribution(IERC20(address(this)), root, total, CHALLENGE_WINDOW, CLAIM_TIME, address(this));
        rewardsOf[epoch] = id;
        emit RewardsProposed(epoch, id, total);
    }

    /// @notice Objects to an epoch's rewards, with a commitment to the evidence, such as the digest of a CID. Decides nothing: a vote does.
    function challengeRewards(uint256 epoch, bytes32 evidence) external {
        if (!_standing(epoch) || block.timestamp >= this.distribution(rewardsOf[epoch]).claimFrom) {
            revert NothingToChallenge(epoch);
        }
        emit Challenged(epoch, msg.sender, evidence);
    }

    /// @notice By a proposal only.
    function setEpochBudget(uint256 most) external onlyGovernance {
        epochBudget = most;
    }

    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(OneAddressDao, AccessControlUpgradeable)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
    }

    function _standing(uint256 epoch) private view returns (bool) {
        return rewardsOf[epoch] != 0 && this.distribution(rewardsOf[epoch]).root != 0;
    }
}
