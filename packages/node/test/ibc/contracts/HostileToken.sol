// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// An ERC-20 that misbehaves as it is told to.
contract HostileToken {
    enum Way {
        Honest,
        Fee,
        ReturnsFalse,
        ReturnsNothing,
        Reverts,
        HugeReturn,
        ReturnsGarbage,
        BurnsGas,
        Reenters,
        LiesAboutTaking,
        LosesOnTaking,
        Fiction
    }

    Way public way;
    uint256 public totalSupply;
    mapping(address => uint256) private _shares;
    mapping(address => mapping(address => uint256)) public allowance;
    /// Balances are shares times this, per thousand.
    uint256 private _scale = 1_000;
    bytes private _name = "Hostile";
    uint256 private _decimals = 6;
    uint8 private _nameWay;
    address private _target;
    bytes private _call;
    uint256 public reentries;

    constructor() {
        _shares[msg.sender] = 1_000_000;
        totalSupply = 1_000_000;
    }

    function be(Way way_) external {
        way = way_;
    }

    function rebase(uint256 scale) external {
        _scale = scale;
    }

    function callBack(address target, bytes calldata data) external {
        (_target, _call) = (target, data);
    }

    function setName(uint8 nameWay, bytes calldata name_) external {
        (_nameWay, _name) = (nameWay, name_);
    }

    function setDecimals(uint256 value) external {
        _decimals = value;
    }

    function say(address owner, uint256 shares) external {
        _shares[owner] = shares;
    }

    function balanceOf(address owner) public view returns (uint256) {
        if (way == Way.Fiction) return _shares[owner];
        return _shares[owner] * _scale / 1_000;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        return true;
    }

    function transfer(address to, uint256 value) external {
        _move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external {
        require(allowance[from][msg.sender] >= value);
        if (way == Way.LiesAboutTaking) _answer(1, 32);
        if (way == Way.LosesOnTaking) {
            _shares[to] = 0;
            _answer(1, 32);
        }
        _move(from, to, value);
    }

    function symbol() external view returns (string memory) {
        return string(_name);
    }

    function decimals() external view returns (uint256) {
        return _decimals;
    }

    /// 0: a string, 1: 32 bytes, 2: reverts, 3: a megabyte, 4: says it is longer than it is, 5: burns its gas, 6: nothing.
    function name() external view {
        bytes memory text = _name;
        if (_nameWay == 2) revert("no name");
        if (_nameWay == 3) {
            assembly {
                mstore(0x80, 0x20)
                mstore(0xa0, 1000000)
                return(0x80, 1000064)
            }
        }
        if (_nameWay == 5) while (true) text = abi.encodePacked(text, keccak256(text));
        if (_nameWay == 6) return;
        uint256 nameWay = _nameWay;
        assembly {
            if eq(nameWay, 1) { return(add(text, 0x20), 0x20) }
            let at := mload(0x40)
            mstore(at, 0x20)
            let length := mload(text)
            mcopy(add(at, 0x20), text, add(length, 0x20))
            if eq(nameWay, 4) { mstore(add(at, 0x20), not(0)) }
            return(at, add(0x40, and(add(length, 31), not(31))))
        }
    }

    function _move(address from, address to, uint256 value) private {
        if (way == Way.Reverts) revert("not today");
        if (way == Way.ReturnsFalse) _answer(0, 32);
        if (way == Way.ReturnsGarbage) _answer(7, 32);
        if (way == Way.BurnsGas) while (true) reentries++;
        if (way == Way.Fiction) {
            _shares[to] = value;
            _answer(1, 32);
        }
        uint256 shares = value * 1_000 / _scale;
        _shares[from] -= shares;
        _shares[to] += way == Way.Fee ? shares * 9 / 10 : shares;
        if (way == Way.Reenters) {
            (bool done,) = _target.call(_call);
            if (done) reentries++;
        }
        if (way == Way.ReturnsNothing) _answer(0, 0);
        if (way == Way.HugeReturn) _answer(1, 1_000_000);
        _answer(1, 32);
    }

    function _answer(uint256 word, uint256 size) private pure {
        assembly {
            mstore(0, word)
            return(0, size)
        }
    }
}
