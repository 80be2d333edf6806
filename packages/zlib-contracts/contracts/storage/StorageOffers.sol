// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ExactTransfer} from "../guard/ExactTransfer.sol";

/// @title What providers of storage offer
/// @notice An offer has terms that never change, so that a deal knows its terms by the offer's number: who wants others publishes another offer.
abstract contract StorageOffers is Initializable {
    using SafeERC20 for IERC20;

    struct StorageTerms {
        // What is paid in; the zero address is the chain's coin.
        IERC20 token;
        // Bytes that the provider takes in all.
        uint64 capacity;
        // Shortest time of a deal when it is opened, seconds.
        uint32 minDuration;
        // Units for a GiB and a second, scaled by 1e18.
        uint128 price;
        // Units that the provider puts up for a GiB.
        uint128 collateral;
        // Longest time from now to the end of a deal, and shortest window, seconds.
        uint32 maxDuration;
        uint32 minPeriod;
        // The missed window with this number, counted from 1, ends a deal.
        uint8 maxMissed;
    }

    struct StorageOffer {
        StorageTerms terms;
        address provider;
        // Bytes of the deals that run.
        uint64 used;
        bool closed;
        // Where the provider's storage peer is: a multiaddr.
        string peer;
    }

    /// @custom:storage-location erc7201:zlib.storage.StorageOffers
    struct StorageOffersStorage {
        uint64 count;
        mapping(uint256 id => StorageOffer) offers;
    }

    bytes32 private constant STORAGE_OFFERS_STORAGE = 0x2c1532ee5613d389097d912562fc871679d314ce435207ef37ee2f68428dba00;

    /// @notice Longest multiaddr of a peer, bytes.
    uint256 public constant MAX_STORAGE_PEER = 256;

    event StorageOffered(uint256 indexed offer, address indexed provider, StorageTerms terms, string peer);
    event StorageOfferClosed(uint256 indexed offer);
    event StoragePeerMoved(uint256 indexed offer, string peer);

    error BadStorageOffer();
    error StorageOfferGone(uint256 offer);
    error StorageOfferFull(uint256 offer, uint256 free);
    error NotStorageParty(address caller);
    error StoragePaidWrong(uint256 expected, uint256 paid);

    function _storageOffers() private pure returns (StorageOffersStorage storage $) {
        assembly {
            $.slot := STORAGE_OFFERS_STORAGE
        }
    }

    /// @notice Offers made so far; numbers begin with 1.
    function storageOfferCount() external view returns (uint64) {
        return _storageOffers().count;
    }

    /// @notice An offer; its provider is zero where there is none.
    function storageOffer(uint256 offer) external view returns (StorageOffer memory) {
        return _storageOffers().offers[offer];
    }

    /// @notice Publishes an offer of the caller. Errors: {BadStorageOffer}.
    function offerStorage(StorageTerms calldata terms, string calldata peer) external returns (uint256 offer) {
        if (terms.capacity == 0 || terms.maxMissed == 0 || terms.minPeriod == 0) revert BadStorageOffer();
        if (terms.minDuration > terms.maxDuration || terms.minPeriod > terms.maxDuration) revert BadStorageOffer();
        if (address(terms.token) != address(0) && address(terms.token).code.length == 0) revert BadStorageOffer();
        _checkPeer(peer);
        offer = ++_storageOffers().count;
        StorageOffer storage one = _storageOffers().offers[offer];
        one.terms = terms;
        one.provider = msg.sender;
        one.peer = peer;
        emit StorageOffered(offer, msg.sender, terms, peer);
    }

    /// @notice Takes an offer back: no new deals and no renewals. Deals that run go on. Errors: {NotStorageParty}.
    function closeStorageOffer(uint256 offer) external {
        _ownOffer(offer).closed = true;
        emit StorageOfferClosed(offer);
    }

    /// @notice Says where the provider's storage peer is now. Errors: {NotStorageParty}, {BadStorageOffer}.
    function moveStoragePeer(uint256 offer, string calldata peer) external {
        _checkPeer(peer);
        _ownOffer(offer).peer = peer;
        emit StoragePeerMoved(offer, peer);
    }

    function _offerOf(uint256 offer) internal view returns (StorageOffer storage) {
        return _storageOffers().offers[offer];
    }

    /// @dev Errors: {StorageOfferGone}.
    function _openOffer(uint256 offer) internal view returns (StorageOffer storage one) {
        one = _offerOf(offer);
        if (one.provider == address(0) || one.closed) revert StorageOfferGone(offer);
    }

    /// @dev Errors: {NotStorageParty}.
    function _ownOffer(uint256 offer) internal view returns (StorageOffer storage one) {
        one = _offerOf(offer);
        if (msg.sender != one.provider) revert NotStorageParty(msg.sender);
    }

    /// @dev Errors: {StorageOfferFull}.
    function _checkRoom(uint256 offer, uint64 length) internal view {
        uint64 free = _offerOf(offer).terms.capacity - _offerOf(offer).used;
        if (length > free) revert StorageOfferFull(offer, free);
    }

    /// @dev Takes what the caller pays under an offer. Errors: {StoragePaidWrong}, `ReceivedLess`.
    function _takePayment(uint256 offer, uint256 amount) internal {
        IERC20 token = _offerOf(offer).terms.token;
        bool coin = address(token) == address(0);
        uint256 expected = coin ? amount : 0;
        if (msg.value != expected) revert StoragePaidWrong(expected, msg.value);
        if (!coin && amount > 0) ExactTransfer.take(token, msg.sender, amount);
    }

    function _sendPayment(uint256 offer, address to, uint256 amount) internal {
        if (amount == 0) return;
        IERC20 token = _offerOf(offer).terms.token;
        if (address(token) == address(0)) Address.sendValue(payable(to), amount);
        else token.safeTransfer(to, amount);
    }

    function _checkPeer(string calldata peer) private pure {
        if (bytes(peer).length == 0 || bytes(peer).length > MAX_STORAGE_PEER) revert BadStorageOffer();
    }
}
