// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ExactTransfer} from "../guard/ExactTransfer.sol";

/// @title Income that several share
/// @notice A split has fixed payees with fixed shares. Anyone pays in; each payee is paid when it (or anyone for it) asks.
/// @dev One contract holds any number of splits; what belongs to a split is counted, so that one cannot be paid with another's money.
abstract contract PaymentSplitter is ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @custom:storage-location erc7201:zlib.storage.PaymentSplitter
    struct SplitterStorage {
        uint256 count;
        mapping(uint256 id => uint256) totalShares;
        mapping(uint256 id => address[]) payees;
        mapping(uint256 id => mapping(address payee => uint256)) shares;
        mapping(uint256 id => mapping(IERC20 token => uint256)) received;
        mapping(uint256 id => mapping(IERC20 token => mapping(address payee => uint256))) paid;
    }

    bytes32 private constant SPLITTER_STORAGE = 0x6be1e15375762200454c0513027340bc577267f5add6924eecd025dbde399e00;

    /// @notice Most payees of a split.
    uint256 public constant MAX_PAYEES = 100;

    event SplitMade(uint256 indexed id, address[] payees, uint256[] shares);
    event SplitFunded(uint256 indexed id, address indexed token, address from, uint256 amount);
    event SplitPaid(uint256 indexed id, address indexed token, address indexed payee, uint256 amount);

    error BadSplit();
    error NoSuchSplit(uint256 id);
    error NothingDue(uint256 id, address payee);

    function _splitter() private pure returns (SplitterStorage storage $) {
        assembly {
            $.slot := SPLITTER_STORAGE
        }
    }

    /// @notice Makes a split. Errors: {BadSplit} for no, too many, repeated or zero payees, and for zero shares.
    function makeSplit(address[] calldata payees, uint256[] calldata shares) external returns (uint256 id) {
        if (payees.length == 0 || payees.length > MAX_PAYEES || payees.length != shares.length) revert BadSplit();
        SplitterStorage storage $ = _splitter();
        id = ++$.count;
        uint256 total;
        for (uint256 i; i < payees.length; ++i) {
            if (payees[i] == address(0) || shares[i] == 0 || shares[i] > type(uint64).max) revert BadSplit();
            if ($.shares[id][payees[i]] != 0) revert BadSplit();
            $.shares[id][payees[i]] = shares[i];
            total += shares[i];
        }
        $.payees[id] = payees;
        $.totalShares[id] = total;
        emit SplitMade(id, payees, shares);
    }

    function splitPayees(uint256 id) external view returns (address[] memory) {
        return _splitter().payees[id];
    }

    function splitShare(uint256 id, address payee) external view returns (uint256 shares, uint256 ofTotal) {
        return (_splitter().shares[id][payee], _splitter().totalShares[id]);
    }

    /// @notice What `payee` would be paid now.
    function splitDue(uint256 id, IERC20 token, address payee) public view returns (uint256) {
        SplitterStorage storage $ = _splitter();
        if ($.totalShares[id] == 0) return 0;
        uint256 whole = Math.mulDiv($.received[id][token], $.shares[id][payee], $.totalShares[id]);
        return whole - $.paid[id][token][payee];
    }

    /// @notice Pays `amount` into a split. Errors: {NoSuchSplit}, `ReceivedLess`.
    function paySplit(uint256 id, IERC20 token, uint256 amount) external nonReentrant {
        SplitterStorage storage $ = _splitter();
        if ($.totalShares[id] == 0) revert NoSuchSplit(id);
        $.received[id][token] += amount;
        emit SplitFunded(id, address(token), msg.sender, amount);
        ExactTransfer.take(token, msg.sender, amount);
    }

    /// @notice Pays `payee` what it is due. Anyone may call it. Errors: {NothingDue}.
    function collectSplit(uint256 id, IERC20 token, address payee) external nonReentrant returns (uint256 amount) {
        amount = splitDue(id, token, payee);
        if (amount == 0) revert NothingDue(id, payee);
        _splitter().paid[id][token][payee] += amount;
        emit SplitPaid(id, address(token), payee, amount);
        token.safeTransfer(payee, amount);
    }
}
