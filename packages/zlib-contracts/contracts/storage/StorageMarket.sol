// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ShardProof} from "./ShardProof.sol";
import {StorageBeacon} from "./StorageBeacon.sol";
import {StorageOffers} from "./StorageOffers.sol";

/// @title Storage for money, with proofs
/// @notice Providers publish offers; clients open deals for a shard and pay in; the provider accepts with collateral. Time then runs in windows. In each
/// window a random number picks leaves of the shard, and who shows them with their paths earns the provider the window. A window without a proof is
/// not paid and costs a share of the collateral, both the client's; the last share ends the deal.
/// @dev What each side is due follows from how many windows were proved and missed; it is counted when somebody asks, and each side is paid when anyone
/// asks for it. See {StorageBeacon} for who can influence the random numbers.
abstract contract StorageMarket is StorageOffers, StorageBeacon, ReentrancyGuardTransient {
    using SafeCast for uint256;

    struct StorageAsk {
        uint64 offer;
        // Bytes of the shard.
        uint64 length;
        // Seconds of a window; a multiple of {BEACON_SECONDS}.
        uint32 period;
        uint32 windows;
        // Last second in which the provider can accept.
        uint64 acceptBy;
        // Leaves that a proof shows.
        uint8 leaves;
        // Multihash code of the shard's CID (0x12 SHA-256, 0x1e BLAKE3) and its digest; the codec is raw.
        uint8 hashCode;
        bytes32 digest;
        // Of the tree that {ShardProof} describes.
        bytes32 root;
    }

    enum StorageDealState {
        None,
        Open,
        Running,
        // Never accepted; the payment is back.
        Refunded
    }

    struct StorageDeal {
        address client;
        uint64 acceptBy;
        StorageDealState state;
        uint8 hashCode;
        uint8 leaves;
        uint8 maxMissed;
        uint64 offer;
        uint64 length;
        // When the first window begins.
        uint64 startsAt;
        uint32 period;
        // Windows that the deal has, and that were paid for: the same unless notice was given.
        uint32 windows;
        uint32 bought;
        // First window that is neither counted as proved nor as missed, and how many below it are missed.
        uint32 next;
        uint32 missed;
        bool noticed;
        // Whether the offer has its capacity back.
        bool released;
        bytes32 digest;
        bytes32 root;
        uint128 payPerWindow;
        uint128 collateral;
        uint128 paidToProvider;
        uint128 paidToClient;
    }

    /// @custom:storage-location erc7201:zlib.storage.StorageMarket
    struct StorageMarketStorage {
        uint64 count;
        mapping(uint256 id => StorageDeal) deals;
    }

    bytes32 private constant STORAGE_MARKET_STORAGE = 0xb2032650748deb8cb6ab3a811ad982473c18475791c7063484534dfad0777a00;

    /// @notice Most leaves that a proof shows.
    uint8 public constant MAX_STORAGE_LEAVES = 16;
    /// @notice Longest time that a deal waits for its provider.
    uint64 public constant MAX_STORAGE_WAIT = 7 days;

    event StorageDealOpened(uint256 indexed id, uint256 indexed offer, address indexed client, bytes32 digest);
    event StorageDealAccepted(uint256 indexed id, uint64 startsAt);
    event StorageDealRefunded(uint256 indexed id);
    event StorageProved(uint256 indexed id, uint32 window);
    event StorageRenewed(uint256 indexed id, uint32 windows);
    event StorageNoticeGiven(uint256 indexed id, address by, uint32 windows);
    event StorageCollected(uint256 indexed id, uint256 amount);
    event StorageReclaimed(uint256 indexed id, uint256 amount);

    error BadStorageAsk();
    error StorageDealNotOpen(uint256 id);
    error StorageDealTooLate(uint256 id, uint64 acceptBy);
    error StorageDealTooEarly(uint256 id, uint64 acceptBy);
    error StorageDealNotRunning(uint256 id);
    error StorageDealNoticed(uint256 id);
    error StorageWindowProved(uint256 id, uint32 window);
    error StorageBeaconMissing(uint256 time);
    error StorageProofWrong(uint256 id);

    function _storageMarket() private pure returns (StorageMarketStorage storage $) {
        assembly {
            $.slot := STORAGE_MARKET_STORAGE
        }
    }

    /// @notice Deals opened so far; numbers begin with 1.
    function storageDealCount() external view returns (uint64) {
        return _storageMarket().count;
    }

    /// @notice A deal as it was last written; its state is `None` where there is none. {storageStanding} says how it stands now.
    function storageDeal(uint256 id) external view returns (StorageDeal memory) {
        return _storageMarket().deals[id];
    }

    /// @notice How a deal stands in this second: windows counted and missed, whether it is over, and what {collectStorage} and {reclaimStorage} would pay.
    function storageStanding(uint256 id)
        external
        view
        returns (uint32 next, uint32 missed, bool over, uint256 toProvider, uint256 toClient)
    {
        StorageDeal storage deal = _storageMarket().deals[id];
        if (deal.state != StorageDealState.Running) return (0, 0, deal.state == StorageDealState.Refunded, 0, 0);
        (next, missed, over) = _count(deal);
        toProvider = _forProvider(deal, next, missed, over) - deal.paidToProvider;
        toClient = _forClient(deal, next, missed, over) - deal.paidToClient;
    }

    /// @notice What a running deal asks for now: its window, the time whose random number counts for it, the last second of the window, whether it is proved,
    /// and the nonce of the challenge, 0 while the number is not recorded. All 0 before the first window and after the last.
    function storageChallenge(uint256 id)
        external
        view
        returns (uint32 window, uint256 time, uint256 lastSecond, bool proved, bytes32 nonce)
    {
        StorageDeal storage deal = _storageMarket().deals[id];
        if (deal.state != StorageDealState.Running || block.timestamp < deal.startsAt) return (0, 0, 0, false, 0);
        (uint32 next,, bool over) = _count(deal);
        if (over) return (0, 0, 0, false, 0);
        window = _windowNow(deal);
        time = deal.startsAt + uint256(window) * deal.period;
        lastSecond = time + deal.period - 1;
        proved = next > window;
        if (beaconAt(time) != 0) nonce = _nonce(id, window, beaconAt(time));
    }

    /// @notice Opens a deal and pays for all its windows: in the chain's coin with the call, in a token by an approval of this contract.
    /// Errors: {BadStorageAsk}, {StorageOfferGone}, {StorageOfferFull}, {StoragePaidWrong}, `ReceivedLess`.
    function openStorageDeal(StorageAsk calldata ask) external payable nonReentrant returns (uint256 id) {
        StorageTerms storage terms = _openOffer(ask.offer).terms;
        _checkAsk(ask, terms);
        _checkRoom(ask.offer, ask.length);
        id = ++_storageMarket().count;
        StorageDeal storage deal = _storageMarket().deals[id];
        deal.client = msg.sender;
        deal.acceptBy = ask.acceptBy;
        deal.state = StorageDealState.Open;
        deal.hashCode = ask.hashCode;
        deal.leaves = ask.leaves;
        deal.maxMissed = terms.maxMissed;
        deal.offer = ask.offer;
        deal.length = ask.length;
        deal.period = ask.period;
        deal.windows = ask.windows;
        deal.bought = ask.windows;
        deal.digest = ask.digest;
        deal.root = ask.root;
        // Rounded up, so that a small shard is not free.
        uint256 scaled = Math.mulDiv(uint256(ask.length) * ask.period, terms.price, 2 ** 30, Math.Rounding.Ceil);
        deal.payPerWindow = Math.ceilDiv(scaled, 1e18).toUint128();
        deal.collateral = Math.mulDiv(ask.length, terms.collateral, 2 ** 30, Math.Rounding.Ceil).toUint128();
        emit StorageDealOpened(id, ask.offer, msg.sender, ask.digest);
        _checkSums(deal);
        _takePayment(ask.offer, uint256(deal.payPerWindow) * ask.windows);
    }

    /// @notice The provider takes a deal on and puts up its collateral. The first window begins with the next time of {StorageBeacon}.
    /// Errors: {StorageDealNotOpen}, {NotStorageParty}, {StorageDealTooLate}, {StorageOfferFull}, {StoragePaidWrong}, `ReceivedLess`.
    function acceptStorageDeal(uint256 id) external payable nonReentrant {
        StorageDeal storage deal = _storageMarket().deals[id];
        if (deal.state != StorageDealState.Open) revert StorageDealNotOpen(id);
        StorageOffer storage offer = _ownOffer(deal.offer);
        if (block.timestamp > deal.acceptBy) revert StorageDealTooLate(id, deal.acceptBy);
        _checkRoom(deal.offer, deal.length);
        offer.used += deal.length;
        deal.state = StorageDealState.Running;
        // Later than this block, whose random number the provider knows.
        deal.startsAt = uint64((block.timestamp / BEACON_SECONDS + 1) * BEACON_SECONDS);
        emit StorageDealAccepted(id, deal.startsAt);
        _takePayment(deal.offer, deal.collateral);
    }

    /// @notice Pays the client back what nobody accepted: when the client asks, and when anyone asks after the last second for it.
    /// Errors: {StorageDealNotOpen}, {StorageDealTooEarly}.
    function refundStorageDeal(uint256 id) external nonReentrant {
        StorageDeal storage deal = _storageMarket().deals[id];
        if (deal.state != StorageDealState.Open) revert StorageDealNotOpen(id);
        if (msg.sender != deal.client && block.timestamp <= deal.acceptBy) revert StorageDealTooEarly(id, deal.acceptBy);
        deal.state = StorageDealState.Refunded;
        emit StorageDealRefunded(id);
        _sendPayment(deal.offer, deal.client, uint256(deal.payPerWindow) * deal.bought);
    }

    /// @notice Proves the window of this second: `leaves` and `paths` answer {storageChallenge}. Anyone may show them; the provider earns.
    /// Errors: {StorageDealNotRunning}, {StorageWindowProved}, {StorageBeaconMissing}, {StorageProofWrong}.
    function proveStorage(uint256 id, bytes[] calldata leaves, bytes32[][] calldata paths) external {
        StorageDeal storage deal = _storageMarket().deals[id];
        (uint32 next, uint32 missed) = _running(id, deal);
        if (block.timestamp < deal.startsAt) revert StorageDealNotRunning(id);
        uint32 window = _windowNow(deal);
        if (next > window) revert StorageWindowProved(id, window);
        uint256 time = deal.startsAt + uint256(window) * deal.period;
        bytes32 randomness = beaconAt(time);
        if (randomness == 0) revert StorageBeaconMissing(time);
        bytes32 nonce = _nonce(id, window, randomness);
        if (!ShardProof.answers(deal.root, deal.length, nonce, deal.leaves, leaves, paths)) revert StorageProofWrong(id);
        deal.next = window + 1;
        deal.missed = missed;
        emit StorageProved(id, window);
    }

    /// @notice The client pays for more windows at the price of the offer, which must still be open.
    /// Errors: {NotStorageParty}, {StorageDealNotRunning}, {StorageDealNoticed}, {StorageOfferGone}, {BadStorageAsk}, {StoragePaidWrong}, `ReceivedLess`.
    function renewStorage(uint256 id, uint32 windows) external payable nonReentrant {
        StorageDeal storage deal = _storageMarket().deals[id];
        if (msg.sender != deal.client) revert NotStorageParty(msg.sender);
        (deal.next, deal.missed) = _running(id, deal);
        if (deal.noticed) revert StorageDealNoticed(id);
        StorageOffer storage offer = _openOffer(deal.offer);
        uint256 left = uint256(deal.windows) + windows - _windowNow(deal);
        if (windows == 0 || left * deal.period > offer.terms.maxDuration) revert BadStorageAsk();
        deal.windows = (uint256(deal.windows) + windows).toUint32();
        deal.bought = (uint256(deal.bought) + windows).toUint32();
        _checkSums(deal);
        emit StorageRenewed(id, windows);
        _takePayment(deal.offer, uint256(deal.payPerWindow) * windows);
    }

    /// @notice Ends a deal early. As many windows as may be missed follow the running one, in which the shard can be fetched and all collateral be lost, so
    /// that a notice is no way out for who lost the shard. A client's notice keeps the offer's shortest time. What is not served is the client's at once.
    /// Errors: {StorageDealNotRunning}, {NotStorageParty}, {StorageDealNoticed}.
    function noticeStorage(uint256 id) external {
        StorageDeal storage deal = _storageMarket().deals[id];
        (deal.next, deal.missed) = _running(id, deal);
        if (deal.noticed) revert StorageDealNoticed(id);
        StorageOffer storage offer = _offerOf(deal.offer);
        if (msg.sender != deal.client && msg.sender != offer.provider) revert NotStorageParty(msg.sender);
        uint256 last = uint256(_windowNow(deal)) + 1 + deal.maxMissed;
        if (msg.sender == deal.client) last = Math.max(last, Math.ceilDiv(offer.terms.minDuration, deal.period));
        deal.noticed = true;
        if (last < deal.windows) deal.windows = uint32(last);
        emit StorageNoticeGiven(id, msg.sender, deal.windows);
    }

    /// @notice Pays the provider what it is due: the windows that were proved and, when the deal is over, the collateral that is left.
    /// Errors: {StorageDealNotRunning} for a deal that was never accepted.
    function collectStorage(uint256 id) external nonReentrant returns (uint256 amount) {
        StorageDeal storage deal = _storageMarket().deals[id];
        bool over = _settle(id, deal);
        amount = _forProvider(deal, deal.next, deal.missed, over) - deal.paidToProvider;
        deal.paidToProvider += uint128(amount);
        emit StorageCollected(id, amount);
        _sendPayment(deal.offer, _offerOf(deal.offer).provider, amount);
    }

    /// @notice Pays the client what it is due: missed windows with their share of the collateral, and what will not be served any more.
    /// Errors: {StorageDealNotRunning} for a deal that was never accepted.
    function reclaimStorage(uint256 id) external nonReentrant returns (uint256 amount) {
        StorageDeal storage deal = _storageMarket().deals[id];
        bool over = _settle(id, deal);
        amount = _forClient(deal, deal.next, deal.missed, over) - deal.paidToClient;
        deal.paidToClient += uint128(amount);
        emit StorageReclaimed(id, amount);
        _sendPayment(deal.offer, deal.client, amount);
    }

    /// @dev Windows that are past without a proof are missed, up to the one that ends the deal; nothing is counted after it.
    function _count(StorageDeal storage deal) private view returns (uint32 next, uint32 missed, bool over) {
        (next, missed) = (deal.next, deal.missed);
        uint32 current = _windowNow(deal);
        if (current > next) {
            uint32 lost = uint32(Math.min(current - next, deal.maxMissed - missed));
            next += lost;
            missed += lost;
        }
        over = missed == deal.maxMissed || current == deal.windows;
    }

    /// @dev The window of this second; 0 before the first, their number after the last.
    function _windowNow(StorageDeal storage deal) private view returns (uint32) {
        if (block.timestamp < deal.startsAt) return 0;
        return uint32(Math.min((block.timestamp - deal.startsAt) / deal.period, deal.windows));
    }

    function _running(uint256 id, StorageDeal storage deal) private view returns (uint32 next, uint32 missed) {
        bool over;
        if (deal.state == StorageDealState.Running) (next, missed, over) = _count(deal);
        if (deal.state != StorageDealState.Running || over) revert StorageDealNotRunning(id);
    }

    function _settle(uint256 id, StorageDeal storage deal) private returns (bool over) {
        if (deal.state != StorageDealState.Running) revert StorageDealNotRunning(id);
        (deal.next, deal.missed, over) = _count(deal);
        if (over && !deal.released) {
            deal.released = true;
            _offerOf(deal.offer).used -= deal.length;
        }
    }

    /// @dev All that the provider is ever due until now.
    function _forProvider(StorageDeal storage deal, uint32 next, uint32 missed, bool over) private view returns (uint256) {
        uint256 earned = uint256(deal.payPerWindow) * (next - missed);
        return over ? earned + deal.collateral - _slashed(deal, missed) : earned;
    }

    /// @dev All that the client is ever due until now. With {_forProvider} it is, at the end, all that was paid in.
    function _forClient(StorageDeal storage deal, uint32 next, uint32 missed, bool over) private view returns (uint256) {
        uint256 unserved = over ? deal.bought - (next - missed) : uint256(deal.bought) - deal.windows + missed;
        return uint256(deal.payPerWindow) * unserved + _slashed(deal, missed);
    }

    /// @dev Equal shares, all of it with the last window that may be missed.
    function _slashed(StorageDeal storage deal, uint32 missed) private view returns (uint256) {
        return uint256(deal.collateral) * missed / deal.maxMissed;
    }

    function _nonce(uint256 id, uint32 window, bytes32 randomness) private view returns (bytes32) {
        return keccak256(abi.encode(randomness, block.chainid, address(this), id, window));
    }

    function _checkAsk(StorageAsk calldata ask, StorageTerms storage terms) private view {
        if (ask.acceptBy <= block.timestamp || ask.acceptBy > block.timestamp + MAX_STORAGE_WAIT) revert BadStorageAsk();
        if (ask.length == 0 || ask.leaves == 0 || ask.leaves > MAX_STORAGE_LEAVES) revert BadStorageAsk();
        if (ask.hashCode != 0x12 && ask.hashCode != 0x1e) revert BadStorageAsk();
        if (ask.windows == 0 || ask.period < terms.minPeriod || ask.period % BEACON_SECONDS != 0) revert BadStorageAsk();
        uint256 duration = uint256(ask.period) * ask.windows;
        if (duration < terms.minDuration || duration > terms.maxDuration) revert BadStorageAsk();
    }

    /// @dev All that the two sides can be due stays within 128 bits.
    function _checkSums(StorageDeal storage deal) private view {
        (uint256(deal.payPerWindow) * deal.bought + deal.collateral).toUint128();
    }
}
