// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ExactTransfer} from "../guard/ExactTransfer.sol";

/// @title Deals between a buyer and a seller, with an arbiter for disputes
/// @notice The buyer pays in. The buyer releases, the seller refunds, either may dispute before the deadline. After the deadline an undisputed deal
/// goes back to the buyer. A dispute is divided by the arbiter; if the arbiter is silent for 30 days, it is divided in halves.
abstract contract Escrow is ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    enum DealState {
        None,
        Open,
        Disputed,
        Closed
    }

    struct Deal {
        address buyer;
        DealState state;
        address seller;
        // Last second in which it can be disputed; of a dispute, last second in which the arbiter is waited for.
        uint64 deadline;
        address arbiter;
        IERC20 token;
        uint256 amount;
    }

    /// @custom:storage-location erc7201:zlib.storage.Escrow
    struct EscrowStorage {
        uint256 count;
        mapping(uint256 id => Deal) deals;
    }

    bytes32 private constant ESCROW_STORAGE = 0x5f22a014df077b02c1bd8e678dd27def6b2b3bc210cc7410e127079814283900;

    /// @notice How long a dispute waits for its arbiter.
    uint64 public constant ARBITER_TIME = 30 days;

    event DealOpened(uint256 indexed id, address indexed buyer, address indexed seller, address token, uint256 amount);
    event DealDisputed(uint256 indexed id, address by);
    event DealClosed(uint256 indexed id, uint256 toSeller, uint256 toBuyer);

    error BadDeal();
    error DealNotOpen(uint256 id);
    error DealNotDisputed(uint256 id);
    error NotPartyOfDeal(uint256 id, address caller);
    error DealTooEarly(uint256 id, uint64 deadline);
    error DealTooLate(uint256 id, uint64 deadline);
    error DealShareTooLarge(uint256 share, uint256 amount);

    function _escrow() private pure returns (EscrowStorage storage $) {
        assembly {
            $.slot := ESCROW_STORAGE
        }
    }

    /// @notice A deal; its state is `None` where there is none.
    function deal(uint256 id) external view returns (Deal memory) {
        return _escrow().deals[id];
    }

    /// @notice Pays `amount` of `token` into a new deal. Errors: {BadDeal}, `ReceivedLess`.
    function openDeal(address seller, address arbiter, IERC20 token, uint256 amount, uint64 deadline)
        external
        nonReentrant
        returns (uint256 id)
    {
        if (amount == 0 || seller == address(0) || deadline <= block.timestamp) revert BadDeal();
        if (arbiter == address(0) || arbiter == seller || arbiter == msg.sender) revert BadDeal();
        EscrowStorage storage $ = _escrow();
        id = ++$.count;
        $.deals[id] = Deal(msg.sender, DealState.Open, seller, deadline, arbiter, token, amount);
        emit DealOpened(id, msg.sender, seller, address(token), amount);
        ExactTransfer.take(token, msg.sender, amount);
    }

    /// @notice The buyer pays the seller. Errors: {DealNotOpen}, {NotPartyOfDeal}.
    function releaseDeal(uint256 id) external nonReentrant {
        Deal storage one = _escrow().deals[id];
        if (one.state != DealState.Open && one.state != DealState.Disputed) revert DealNotOpen(id);
        if (msg.sender != one.buyer) revert NotPartyOfDeal(id, msg.sender);
        _close(id, one, one.amount);
    }

    /// @notice Back to the buyer: by the seller at any time, by anyone after the deadline unless it is disputed.
    /// Errors: {DealNotOpen}, {DealTooEarly}.
    function refundDeal(uint256 id) external nonReentrant {
        Deal storage one = _escrow().deals[id];
        bool disputed = one.state == DealState.Disputed;
        if (one.state != DealState.Open && !disputed) revert DealNotOpen(id);
        if (msg.sender != one.seller && (disputed || block.timestamp <= one.deadline)) {
            revert DealTooEarly(id, one.deadline);
        }
        _close(id, one, 0);
    }

    /// @notice Puts an open deal before its arbiter. Errors: {DealNotOpen}, {NotPartyOfDeal}, {DealTooLate}.
    function disputeDeal(uint256 id) external {
        Deal storage one = _escrow().deals[id];
        if (one.state != DealState.Open) revert DealNotOpen(id);
        if (msg.sender != one.buyer && msg.sender != one.seller) revert NotPartyOfDeal(id, msg.sender);
        if (block.timestamp > one.deadline) revert DealTooLate(id, one.deadline);
        one.state = DealState.Disputed;
        one.deadline = uint64(block.timestamp) + ARBITER_TIME;
        emit DealDisputed(id, msg.sender);
    }

    /// @notice The arbiter gives `toSeller` to the seller and the rest to the buyer. Errors: {DealNotDisputed}, {NotPartyOfDeal}, {DealShareTooLarge}.
    function resolveDeal(uint256 id, uint256 toSeller) external nonReentrant {
        Deal storage one = _escrow().deals[id];
        if (one.state != DealState.Disputed) revert DealNotDisputed(id);
        if (msg.sender != one.arbiter) revert NotPartyOfDeal(id, msg.sender);
        if (toSeller > one.amount) revert DealShareTooLarge(toSeller, one.amount);
        _close(id, one, toSeller);
    }

    /// @notice Halves a dispute whose arbiter was silent. Errors: {DealNotDisputed}, {DealTooEarly}.
    function halveDeal(uint256 id) external nonReentrant {
        Deal storage one = _escrow().deals[id];
        if (one.state != DealState.Disputed) revert DealNotDisputed(id);
        if (block.timestamp <= one.deadline) revert DealTooEarly(id, one.deadline);
        _close(id, one, one.amount / 2);
    }

    function _close(uint256 id, Deal storage one, uint256 toSeller) private {
        one.state = DealState.Closed;
        uint256 toBuyer = one.amount - toSeller;
        emit DealClosed(id, toSeller, toBuyer);
        if (toSeller > 0) one.token.safeTransfer(one.seller, toSeller);
        if (toBuyer > 0) one.token.safeTransfer(one.buyer, toBuyer);
    }
}
