// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BridgedToken} from "./BridgedToken.sol";

interface IERC20 {
    function balanceOf(address owner) external view returns (uint256);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
    function name() external view;
    function symbol() external view;
    function decimals() external view;
}

/// What the chain's own IBC host answers. It is part of the node, not a contract (see packages/node/docs/ibc.md).
struct Action {
    uint8 kind;
    address token;
    address account;
    uint256 amount;
    bytes data;
}

struct IbcLog {
    string kind;
    string attributes;
}

struct Outcome {
    uint8 status;
    string detail;
    Action[] actions;
    IbcLog[] logs;
}

struct Transfer {
    address sender;
    address token;
    uint256 amount;
    /// A v2 client (`07-tendermint-0`) or a v1 channel (`channel-0`).
    string route;
    string receiver;
    /// Seconds since 1970.
    uint64 timeout;
    string memo;
    string name;
    string symbol;
    uint8 decimals;
}

interface IIbcHost {
    function deliver(bytes calldata message, address signer) external returns (Outcome memory);
    function send(Transfer calldata transfer) external returns (Outcome memory);
}

/// The door between the EVM and the chain's IBC host. It holds what is out on other chains, makes the tokens that came from there, and does
/// what the host decides; the host keeps the books. There is no owner and no upgrade.
contract IbcGateway {
    IIbcHost private constant HOST = IIbcHost(0x0000000000000000000000000000000000005a10);
    /// The token that stands for the chain's own coin.
    address private constant COIN = address(0);

    uint8 private constant DONE = 0;
    uint8 private constant DEPLOY = 0;
    uint8 private constant MINT = 1;
    uint8 private constant BURN = 2;
    uint8 private constant RELEASE = 3;

    /// What a foreign contract may use when tokens or coins are released to it.
    uint256 private constant RELEASE_GAS = 200_000;
    /// What a token may use to say its name, symbol or decimals, and how much of the answer counts.
    uint256 private constant METADATA_GAS = 100_000;
    uint256 private constant MAX_TEXT = 256;

    /// True for the tokens that this gateway made.
    mapping(address => bool) public bridged;
    /// What could not be paid out (a token that reverts, a receiver that refuses coins) and waits to be claimed.
    mapping(address token => mapping(address account => uint256)) public claims;
    bool private transient _busy;

    event IbcEvent(string kind, string attributes);
    event Delivered(uint256 indexed index, uint8 status, string detail);
    event Sent(address indexed sender, address indexed token, uint256 amount, string route, uint64 sequence);
    event Deployed(address indexed token, string name, string symbol, uint8 decimals);
    event Unpaid(address indexed token, address indexed account, uint256 amount);

    error Busy();
    error NotSent(string reason);
    error NothingReceived();
    error NotAToken(address token);
    error NothingToClaim();
    error NotPaid();
    error MoreGasNeeded();

    modifier once() {
        if (_busy) revert Busy();
        _busy = true;
        _;
        _busy = false;
    }

    /// Delivers IBC messages (protobuf `Any`), each all or nothing. A message that the host refuses does not stop the others.
    function submit(bytes[] calldata messages) external once returns (uint8[] memory statuses) {
        statuses = new uint8[](messages.length);
        for (uint256 i = 0; i < messages.length; i++) {
            Outcome memory outcome = HOST.deliver(messages[i], msg.sender);
            statuses[i] = outcome.status;
            _perform(outcome);
            emit Delivered(i, outcome.status, outcome.detail);
        }
    }

    /// Sends `amount` of `token`, which the caller has approved to this contract.
    function sendToken(
        address token,
        uint256 amount,
        string calldata route,
        string calldata receiver,
        uint64 timeout,
        string calldata memo
    ) external once returns (uint64 sequence) {
        if (token.code.length == 0) revert NotAToken(token);
        // What arrives counts, not what was asked for: some tokens keep a fee.
        uint256 before = IERC20(token).balanceOf(address(this));
        _call(token, abi.encodeCall(IERC20.transferFrom, (msg.sender, address(this), amount)), gasleft());
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        return _send(
            Transfer({
                sender: msg.sender,
                token: token,
                amount: received,
                route: route,
                receiver: receiver,
                timeout: timeout,
                memo: memo,
                name: _text(token, IERC20.name.selector),
                symbol: _text(token, IERC20.symbol.selector),
                decimals: _decimals(token)
            })
        );
    }

    /// Sends the chain's own coin.
    function sendCoin(string calldata route, string calldata receiver, uint64 timeout, string calldata memo)
        external
        payable
        once
        returns (uint64 sequence)
    {
        return _send(
            Transfer({
                sender: msg.sender,
                token: COIN,
                amount: msg.value,
                route: route,
                receiver: receiver,
                timeout: timeout,
                memo: memo,
                name: "ZOS",
                symbol: "ZOS",
                decimals: 18
            })
        );
    }

    /// Pays out to `account` what could not be paid before. Anyone may ask.
    function claim(address token, address account) external once {
        uint256 amount = claims[token][account];
        if (amount == 0) revert NothingToClaim();
        claims[token][account] = 0;
        if (!_pay(token, account, amount, gasleft())) revert NotPaid();
    }

    function _send(Transfer memory transfer) private returns (uint64 sequence) {
        if (transfer.amount == 0) revert NothingReceived();
        Outcome memory outcome = HOST.send(transfer);
        if (outcome.status != DONE) revert NotSent(outcome.detail);
        _perform(outcome);
        sequence = _number(outcome.detail);
        emit Sent(transfer.sender, transfer.token, transfer.amount, transfer.route, sequence);
    }

    function _perform(Outcome memory outcome) private {
        for (uint256 i = 0; i < outcome.actions.length; i++) {
            Action memory action = outcome.actions[i];
            if (action.kind == DEPLOY) _deploy(action);
            else if (action.kind == MINT) BridgedToken(action.token).mint(action.account, action.amount);
            else if (action.kind == BURN) BridgedToken(action.token).burn(action.amount);
            else if (action.kind == RELEASE) _release(action);
        }
        for (uint256 i = 0; i < outcome.logs.length; i++) {
            emit IbcEvent(outcome.logs[i].kind, outcome.logs[i].attributes);
        }
    }

    function _deploy(Action memory action) private {
        (bytes32 salt, string memory name, string memory symbol, uint8 decimals) =
            abi.decode(action.data, (bytes32, string, string, uint8));
        BridgedToken token = new BridgedToken{salt: salt}();
        // The host named the address before; another one here would be a fault of the node.
        assert(address(token) == action.token);
        token.initialize(name, symbol, decimals);
        bridged[address(token)] = true;
        emit Deployed(address(token), name, symbol, decimals);
    }

    /// A receiver or token that fails must not undo the packet: the amount waits for a claim.
    function _release(Action memory action) private {
        // With less, somebody could starve the payment on purpose (EIP-150 keeps a 64th back).
        if (gasleft() < RELEASE_GAS + RELEASE_GAS / 32) revert MoreGasNeeded();
        if (_pay(action.token, action.account, action.amount, RELEASE_GAS)) return;
        // Only a token whose balances are fiction comes to the end of the number; it must not hold up the messages of others.
        uint256 waiting = claims[action.token][action.account];
        uint256 room = type(uint256).max - waiting;
        claims[action.token][action.account] = waiting + (action.amount < room ? action.amount : room);
        emit Unpaid(action.token, action.account, action.amount);
    }

    function _pay(address token, address account, uint256 amount, uint256 gasLimit) private returns (bool paid) {
        if (token == COIN) {
            // No return data is copied: it could cost more than the gas set aside.
            assembly ("memory-safe") {
                paid := call(gasLimit, account, amount, 0, 0, 0, 0)
            }
            return paid;
        }
        bytes memory data = abi.encodeWithSignature("transfer(address,uint256)", account, amount);
        return _try(token, data, gasLimit);
    }

    function _call(address target, bytes memory data, uint256 gasLimit) private {
        if (!_try(target, data, gasLimit)) revert NotPaid();
    }

    /// True if the call succeeded and answered nothing or true.
    function _try(address target, bytes memory data, uint256 gasLimit) private returns (bool good) {
        assembly ("memory-safe") {
            mstore(0, 0)
            good := call(gasLimit, target, 0, add(data, 0x20), mload(data), 0, 0x20)
            if good { good := or(iszero(returndatasize()), and(gt(returndatasize(), 0x1f), eq(mload(0), 1))) }
        }
    }

    /// A text that a token says of itself: a string, or 32 bytes as old tokens have it. Empty when it says neither: a token without a name is one all the same.
    function _text(address token, bytes4 what) private view returns (string memory) {
        (bytes memory answer, uint256 size) = _ask(token, what);
        (uint256 first, uint256 length) = abi.decode(answer, (uint256, uint256));
        uint256 from;
        if (size == 32) {
            while (length < 32 && answer[length] != 0) length++;
        } else if (size < 64 || first != 32) {
            return "";
        } else {
            from = 64;
            if (length > size - 64) length = size - 64;
            if (length > MAX_TEXT) length = MAX_TEXT;
        }
        bytes memory text = new bytes(length);
        for (uint256 i = 0; i < length; i++) text[i] = answer[from + i];
        return string(text);
    }

    /// 0 for tokens that say none, or more than a byte holds.
    function _decimals(address token) private view returns (uint8) {
        (bytes memory answer, uint256 size) = _ask(token, IERC20.decimals.selector);
        uint256 value = abi.decode(answer, (uint256));
        return size >= 32 && value <= type(uint8).max ? uint8(value) : 0;
    }

    /// The first bytes of what `token` answers, and how many there were; none when it fails.
    function _ask(address token, bytes4 what) private view returns (bytes memory answer, uint256 size) {
        // With less, somebody could make the token fail on purpose (EIP-150 keeps a 64th back).
        if (gasleft() < METADATA_GAS + METADATA_GAS / 32) revert MoreGasNeeded();
        answer = new bytes(64 + MAX_TEXT);
        uint256 gasLimit = METADATA_GAS;
        assembly ("memory-safe") {
            mstore(0, what)
            let good := staticcall(gasLimit, token, 0, 4, add(answer, 0x20), mload(answer))
            size := mul(good, returndatasize())
            if iszero(good) {
                // What a failed call left there is no answer.
                mstore(add(answer, 0x20), 0)
                mstore(add(answer, 0x40), 0)
            }
        }
    }

    function _number(string memory digits) private pure returns (uint64 value) {
        bytes memory text = bytes(digits);
        for (uint256 i = 0; i < text.length; i++) value = value * 10 + uint64(uint8(text[i]) - 48);
    }
}
