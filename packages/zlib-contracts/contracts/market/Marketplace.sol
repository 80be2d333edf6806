// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";

/// @title Items at a fixed price
/// @notice Sellers keep what they offer until it is sold: a listing is a promise that the seller's approval of this contract backs.
/// @dev Pays the royalty that the collection names (ERC-2981), at most a tenth, and a fee to the market.
abstract contract Marketplace is AccessControlUpgradeable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct Listing {
        address seller;
        // Whether the collection is ERC-1155; else it is ERC-721.
        bool multi;
        address collection;
        uint256 tokenId;
        // How many are left; 1 for ERC-721.
        uint256 amount;
        IERC20 currency;
        // Price of one, in units of the currency.
        uint256 price;
    }

    /// @custom:storage-location erc7201:zlib.storage.Marketplace
    struct MarketStorage {
        uint256 count;
        address feeReceiver;
        uint16 feeBp;
        mapping(uint256 id => Listing) listings;
    }

    bytes32 private constant MARKET_STORAGE = 0x81595ba1c32b0ca86e2cd0c79ee0a74e38cfb4856acb9113e5a9d1a4ef2aa500;

    /// @notice May set the market's fee.
    bytes32 public constant MARKET_ROLE = keccak256("MARKET_ROLE");
    /// @notice Most that the market or a collection may take, basis points.
    uint256 public constant MAX_CUT_BP = 1_000;

    event Listed(uint256 indexed id, address indexed seller, address collection, uint256 tokenId, uint256 amount, uint256 price);
    event ListingChanged(uint256 indexed id, uint256 amount, uint256 price);
    event Bought(uint256 indexed id, address indexed buyer, uint256 amount, uint256 paid);
    event MarketFeeSet(address receiver, uint16 feeBp);

    error BadListing();
    error ListingGone(uint256 id);
    error NotSeller(uint256 id, address caller);
    error PriceChanged(uint256 id, uint256 price);
    error CutTooLarge(uint256 bp);

    function _market() private pure returns (MarketStorage storage $) {
        assembly {
            $.slot := MARKET_STORAGE
        }
    }

    /// @notice A listing; its amount is 0 where there is none or it is sold out.
    function listing(uint256 id) external view returns (Listing memory) {
        return _market().listings[id];
    }

    /// @notice Listings made so far; ids begin with 1.
    function listingCount() external view returns (uint256) {
        return _market().count;
    }

    function marketFee() external view returns (address receiver, uint16 feeBp) {
        return (_market().feeReceiver, _market().feeBp);
    }

    /// @notice Errors: {CutTooLarge}, {BadListing} without a receiver.
    function setMarketFee(address receiver, uint16 feeBp) external onlyRole(MARKET_ROLE) {
        if (feeBp > MAX_CUT_BP) revert CutTooLarge(feeBp);
        if (feeBp > 0 && receiver == address(0)) revert BadListing();
        _market().feeReceiver = receiver;
        _market().feeBp = feeBp;
        emit MarketFeeSet(receiver, feeBp);
    }

    /// @notice Offers `amount` of a token. Approve this contract for the collection, or nobody can buy. Errors: {BadListing}.
    function list(address collection, uint256 tokenId, uint256 amount, IERC20 currency, uint256 price)
        external
        returns (uint256 id)
    {
        bool multi = ERC165Checker.supportsInterface(collection, type(IERC1155).interfaceId);
        if (amount == 0 || price == 0 || address(currency).code.length == 0) revert BadListing();
        if (!multi) {
            if (amount != 1 || !ERC165Checker.supportsInterface(collection, type(IERC721).interfaceId)) {
                revert BadListing();
            }
        }
        MarketStorage storage $ = _market();
        id = ++$.count;
        $.listings[id] = Listing(msg.sender, multi, collection, tokenId, amount, currency, price);
        emit Listed(id, msg.sender, collection, tokenId, amount, price);
    }

    /// @notice Changes price and amount; an amount of 0 takes the offer back. Errors: {NotSeller}, {BadListing}.
    function changeListing(uint256 id, uint256 amount, uint256 price) external {
        Listing storage one = _market().listings[id];
        if (msg.sender != one.seller) revert NotSeller(id, msg.sender);
        if (amount > 0 && (price == 0 || (!one.multi && amount != 1))) revert BadListing();
        one.amount = amount;
        one.price = price;
        emit ListingChanged(id, amount, price);
    }

    /// @notice Buys `amount` if one still costs at most `mostPrice`.
    /// Errors: {ListingGone}, {PriceChanged}, and what the currency or the collection says.
    function buy(uint256 id, uint256 amount, uint256 mostPrice) external nonReentrant {
        MarketStorage storage $ = _market();
        Listing storage one = $.listings[id];
        if (amount == 0 || amount > one.amount) revert ListingGone(id);
        if (one.price > mostPrice) revert PriceChanged(id, one.price);
        one.amount -= amount;
        uint256 total = one.price * amount;
        emit Bought(id, msg.sender, amount, total);
        _pay($, one, total);
        if (one.multi) IERC1155(one.collection).safeTransferFrom(one.seller, msg.sender, one.tokenId, amount, "");
        else IERC721(one.collection).safeTransferFrom(one.seller, msg.sender, one.tokenId);
    }

    function _pay(MarketStorage storage $, Listing storage one, uint256 total) private {
        uint256 fee = total * $.feeBp / 10_000;
        (address creator, uint256 royalty) = _royaltyOf(one, total);
        if (fee > 0) one.currency.safeTransferFrom(msg.sender, $.feeReceiver, fee);
        if (royalty > 0) one.currency.safeTransferFrom(msg.sender, creator, royalty);
        one.currency.safeTransferFrom(msg.sender, one.seller, total - fee - royalty);
    }

    /// @dev A collection that fails when it is asked gets nothing; it cannot stop a sale.
    function _royaltyOf(Listing storage one, uint256 total) private view returns (address creator, uint256 royalty) {
        if (!ERC165Checker.supportsInterface(one.collection, type(IERC2981).interfaceId)) return (address(0), 0);
        try IERC2981(one.collection).royaltyInfo(one.tokenId, total) returns (address to, uint256 amount) {
            if (to == address(0)) return (to, 0);
            return (to, Math.min(amount, total * MAX_CUT_BP / 10_000));
        } catch {
            return (address(0), 0);
        }
    }
}
