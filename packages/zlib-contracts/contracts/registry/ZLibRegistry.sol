// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Registry of shared code
/// @notice name@version → code, written once. Code is put on the chain by the standard CREATE2 factory, so the same publication has
/// the same address on every chain. A version can be marked as withdrawn; it is never changed or removed.
/// @dev No owner, no upgrade. The first publisher of a name owns the name.
contract ZLibRegistry {
    struct Version {
        // Where the factory puts the code.
        address code;
        bool yanked;
        // Identity of the code, see {identityOf}.
        bytes32 libId;
        // CID of sources and compiler settings.
        bytes metadata;
        // Keys of the versions that this one needs.
        bytes32[] dependencies;
    }

    /// @notice Deploys initcode with a salt, at the same address on every chain (EIP-7997 makes it a predeploy).
    address public constant FACTORY = 0x4e59b44847b379578588920cA78FbF26c0B4956C;

    /// @notice Most bytes of a name, and of a version: they fit a line.
    uint256 public constant MAX_NAME = 64;

    /// @notice Most dependencies of a version: whoever resolves them all does it in bounded gas.
    uint256 public constant MAX_DEPENDENCIES = 32;

    /// @notice Most bytes of a CID.
    uint256 public constant MAX_METADATA = 128;

    mapping(bytes32 nameHash => address owner) private _owners;
    mapping(bytes32 key => Version) private _versions;

    event Published(
        bytes32 indexed key,
        bytes32 indexed libId,
        address indexed code,
        string name,
        string version,
        bytes metadata,
        bytes32[] dependencies
    );
    event Yanked(bytes32 indexed key, bool yanked);
    event NameTransferred(string name, address from, address to);

    error NotOwner(string name, address owner);
    error BadName(string name);
    error BadVersion(string version);
    error BadMetadata();
    error TooManyDependencies(uint256 count);
    error AlreadyPublished(string name, string version);
    error NotPublished(bytes32 key);
    error DeploymentFailed();

    /// @notice Publishes `initcode` as name@version. Deploys it where the chain does not have it yet.
    /// @param name Lower-case letters, digits and hyphens.
    /// @param version MAJOR.MINOR.PATCH, with an optional pre-release (semver 2.0.0 without build metadata).
    /// @param initcode Creation code with its constructor arguments.
    /// @param metadata CID of sources and compiler settings.
    /// @param dependencies Keys of published versions.
    /// @return code Where it stands.
    function publish(
        string calldata name,
        string calldata version,
        bytes calldata initcode,
        bytes calldata metadata,
        bytes32[] calldata dependencies
    ) external returns (address code) {
        if (!_isName(bytes(name))) revert BadName(name);
        if (!_isVersion(bytes(version))) revert BadVersion(version);
        if (metadata.length == 0 || metadata.length > MAX_METADATA) revert BadMetadata();
        if (dependencies.length > MAX_DEPENDENCIES) revert TooManyDependencies(dependencies.length);
        for (uint256 i; i < dependencies.length; ++i) _published(dependencies[i]);
        address owner = ownerOf(name);
        if (owner == address(0)) {
            _owners[keccak256(bytes(name))] = msg.sender;
            emit NameTransferred(name, address(0), msg.sender);
        } else if (owner != msg.sender) {
            revert NotOwner(name, owner);
        }
        bytes32 key = keyOf(name, version);
        Version storage entry = _versions[key];
        if (entry.code != address(0)) revert AlreadyPublished(name, version);

        code = addressOf(keccak256(initcode));
        // Before the factory is called: a constructor that calls back finds the version taken.
        entry.code = code;
        entry.metadata = metadata;
        entry.dependencies = dependencies;
        if (code.code.length == 0) {
            (bool done,) = FACTORY.call(abi.encodePacked(bytes32(0), initcode));
            if (!done || code.code.length == 0) revert DeploymentFailed();
        }
        bytes32 libId = identityOf(code);
        entry.libId = libId;
        emit Published(key, libId, code, name, version, metadata, dependencies);
    }

    /// @notice Marks a version as withdrawn, or not. It stays where it is, for those who use it.
    function yank(string calldata name, string calldata version, bool yanked) external {
        address owner = ownerOf(name);
        if (owner != msg.sender) revert NotOwner(name, owner);
        bytes32 key = keyOf(name, version);
        _published(key).yanked = yanked;
        emit Yanked(key, yanked);
    }

    /// @notice Hands a name to another owner.
    function transferName(string calldata name, address to) external {
        address owner = ownerOf(name);
        if (owner != msg.sender || to == address(0)) revert NotOwner(name, owner);
        _owners[keccak256(bytes(name))] = to;
        emit NameTransferred(name, msg.sender, to);
    }

    /// @notice Who may publish under a name; zero where nobody has yet.
    function ownerOf(string calldata name) public view returns (address) {
        return _owners[keccak256(bytes(name))];
    }

    /// @notice A published version. Reverts with {NotPublished}.
    function resolve(string calldata name, string calldata version) external view returns (Version memory) {
        return _published(keyOf(name, version));
    }

    /// @notice A published version by its key.
    function resolveKey(bytes32 key) external view returns (Version memory) {
        return _published(key);
    }

    /// @notice Whether `code` holds the code that name@version was published with, wherever it stands.
    function verify(string calldata name, string calldata version, address code) external view returns (bool) {
        return code.code.length > 0 && identityOf(code) == _published(keyOf(name, version)).libId;
    }

    /// @notice Key of name@version.
    function keyOf(string calldata name, string calldata version) public pure returns (bytes32) {
        return keccak256(abi.encodePacked(name, "@", version));
    }

    /// @notice Where the factory puts initcode of this hash, with salt zero.
    function addressOf(bytes32 initcodeHash) public pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"ff", FACTORY, bytes32(0), initcodeHash)))));
    }

    /// @notice keccak256 of the code at an address; in a Solidity library, with the library's own address at its begin set to zero.
    /// @dev solc begins a library with PUSH20 <own address> ADDRESS EQ. All else counts, the metadata's hash of the sources too.
    function identityOf(address code) public view returns (bytes32) {
        bytes memory runtime = code.code;
        if (runtime.length > 23 && runtime[0] == 0x73 && runtime[21] == 0x30 && runtime[22] == 0x14) {
            address guard;
            assembly ("memory-safe") {
                guard := shr(96, mload(add(runtime, 33)))
            }
            if (guard == code) for (uint256 i = 1; i <= 20; ++i) runtime[i] = 0;
        }
        return keccak256(runtime);
    }

    function _published(bytes32 key) private view returns (Version storage entry) {
        entry = _versions[key];
        if (entry.code == address(0)) revert NotPublished(key);
    }

    function _isName(bytes calldata name) private pure returns (bool) {
        if (name.length == 0 || name.length > MAX_NAME) return false;
        for (uint256 i; i < name.length; ++i) if (!_isLower(name[i]) && !_isDigit(name[i]) && name[i] != "-") return false;
        return true;
    }

    /// @dev Three numbers without leading zeros; behind a hyphen identifiers, separated by dots, none empty.
    function _isVersion(bytes calldata version) private pure returns (bool) {
        uint256 length = version.length;
        if (length > MAX_NAME) return false;
        uint256 at;
        for (uint256 part; part < 3; ++part) {
            if (part > 0) {
                if (at >= length || version[at] != ".") return false;
                ++at;
            }
            uint256 begin = at;
            while (at < length && _isDigit(version[at])) ++at;
            if (at == begin || (version[begin] == "0" && at - begin > 1)) return false;
        }
        if (at == length) return true;
        if (version[at] != "-") return false;
        bool numeric;
        uint256 start = at + 1;
        for (++at; at <= length; ++at) {
            if (at == length || version[at] == ".") {
                if (at == start || (numeric && version[start] == "0" && at - start > 1)) return false;
                start = at + 1;
                continue;
            }
            bool digit = _isDigit(version[at]);
            if (!digit && !_isLower(version[at]) && version[at] != "-") return false;
            numeric = digit && (numeric || at == start);
        }
        return true;
    }

    function _isDigit(bytes1 char) private pure returns (bool) {
        return char >= "0" && char <= "9";
    }

    function _isLower(bytes1 char) private pure returns (bool) {
        return char >= "a" && char <= "z";
    }
}
