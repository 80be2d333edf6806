// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ExactTransfer} from "../guard/ExactTransfer.sol";

/// @title Ascending auctions
/// @notice The item lies here while it is bid for. A bid must be 5 % above the last one; one in the last five minutes prolongs the auction to
/// five minutes from then. What is owed (to who was outbid, to the seller) is withdrawn, never sent, so that nobody can block others.
/// @dev The application must receive tokens safely: inherit ERC721Holder and ERC1155Holder, unless it has their functions from elsewhere.
abstract contract EnglishAuction is ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct Auction {
        address seller;
        uint64 end;
        bool multi;
        bool settled;
        bool collected;
        address collection;
        uint256 tokenId;
        uint256 amount;
        IERC20 currency;
        // The first bid must reach it.
        uint256 reserve;
        address bidder;
        uint256 highest;
    }

    /// @custom:storage-location erc7201:zlib.storage.EnglishAuction
    struct AuctionStorage {
        uint256 count;
        mapping(uint256 id => Auction) auctions;
        mapping(IERC20 token => mapping(address account => uint256)) owed;
    }

    bytes32 private constant AUCTION_STORAGE = 0x4551f22515e3a81b37839797955dd538a4a83ab8692c728968e2f20a56101900;

    /// @notice Shortest and longest auction, seconds.
    uint64 public constant MIN_AUCTION = 5 minutes;
    uint64 public constant MAX_AUCTION = 90 days;

    event AuctionOpened(uint256 indexed id, address indexed seller, address collection, uint256 tokenId, uint64 end);
    event Bid(uint256 indexed id, address indexed bidder, uint256 amount, uint64 end);
    event AuctionSettled(uint256 indexed id, address indexed winner, uint256 price);

    error BadAuction();
    error AuctionOver(uint256 id);
    error AuctionRunning(uint256 id, uint64 end);
    error BidTooLow(uint256 id, uint256 least);
    error NotWinner(uint256 id, address caller);

    function _auctions() private pure returns (AuctionStorage storage $) {
        assembly {
            $.slot := AUCTION_STORAGE
        }
    }

    /// @notice An auction; its end is 0 where there is none.
    function auction(uint256 id) external view returns (Auction memory) {
        return _auctions().auctions[id];
    }

    /// @notice What `account` may withdraw of `token`.
    function auctionOwed(IERC20 token, address account) external view returns (uint256) {
        return _auctions().owed[token][account];
    }

    /// @notice Takes the item and opens an auction of `duration` seconds. `multi` says that the collection is ERC-1155. Errors: {BadAuction}.
    function openAuction(
        address collection,
        bool multi,
        uint256 tokenId,
        uint256 amount,
        IERC20 currency,
        uint256 reserve,
        uint64 duration
    ) external nonReentrant returns (uint256 id) {
        if (duration < MIN_AUCTION || duration > MAX_AUCTION || reserve == 0) revert BadAuction();
        if (amount == 0 || (!multi && amount != 1) || address(currency).code.length == 0) revert BadAuction();
        AuctionStorage storage $ = _auctions();
        id = ++$.count;
        Auction storage one = $.auctions[id];
        one.seller = msg.sender;
        one.end = uint64(block.timestamp) + duration;
        one.multi = multi;
        one.collection = collection;
        one.tokenId = tokenId;
        one.amount = amount;
        one.currency = currency;
        one.reserve = reserve;
        emit AuctionOpened(id, msg.sender, collection, tokenId, one.end);
        _move(one, msg.sender, address(this));
    }

    /// @notice The least that the next bid must be.
    function leastBid(uint256 id) public view returns (uint256) {
        Auction storage one = _auctions().auctions[id];
        return one.bidder == address(0) ? one.reserve : one.highest + (one.highest + 19) / 20;
    }

    /// @notice Bids and pays in. Errors: {AuctionOver}, {BidTooLow}, `ReceivedLess`.
    function bid(uint256 id, uint256 amount) external nonReentrant {
        AuctionStorage storage $ = _auctions();
        Auction storage one = $.auctions[id];
        if (block.timestamp >= one.end) revert AuctionOver(id);
        if (amount < leastBid(id)) revert BidTooLow(id, leastBid(id));
        if (one.bidder != address(0)) $.owed[one.currency][one.bidder] += one.highest;
        one.bidder = msg.sender;
        one.highest = amount;
        if (one.end - block.timestamp < MIN_AUCTION) one.end = uint64(block.timestamp) + MIN_AUCTION;
        emit Bid(id, msg.sender, amount, one.end);
        ExactTransfer.take(one.currency, msg.sender, amount);
    }

    /// @notice Ends an auction whose time is over: the seller may withdraw its price. Anyone may call it. Errors: {AuctionRunning}, {AuctionOver}.
    function settleAuction(uint256 id) external {
        AuctionStorage storage $ = _auctions();
        Auction storage one = $.auctions[id];
        if (one.end == 0 || one.settled) revert AuctionOver(id);
        if (block.timestamp < one.end) revert AuctionRunning(id, one.end);
        one.settled = true;
        if (one.bidder != address(0)) $.owed[one.currency][one.seller] += one.highest;
        emit AuctionSettled(id, one.bidder, one.highest);
    }

    /// @notice The winner, or the seller of what nobody wanted, takes the item of a settled auction. Errors: {AuctionRunning}, {NotWinner}, {AuctionOver}.
    function collectAuction(uint256 id, address to) external nonReentrant {
        Auction storage one = _auctions().auctions[id];
        if (!one.settled) revert AuctionRunning(id, one.end);
        if (msg.sender != (one.bidder == address(0) ? one.seller : one.bidder)) revert NotWinner(id, msg.sender);
        if (one.collected) revert AuctionOver(id);
        one.collected = true;
        _move(one, address(this), to);
    }

    /// @notice Pays the caller what it is owed.
    function withdrawOwed(IERC20 token) external nonReentrant returns (uint256 amount) {
        AuctionStorage storage $ = _auctions();
        amount = $.owed[token][msg.sender];
        $.owed[token][msg.sender] = 0;
        token.safeTransfer(msg.sender, amount);
    }

    function _move(Auction storage one, address from, address to) private {
        if (one.multi) IERC1155(one.collection).safeTransferFrom(from, to, one.tokenId, one.amount, "");
        else IERC721(one.collection).safeTransferFrom(from, to, one.tokenId);
    }
}
