// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Stands in for the ERC-6492 verifier that is deployed where no code can be run without deploying it.
contract Verifier {
    bytes32 private constant SUFFIX = 0x6492649264926492649264926492649264926492649264926492649264926492;

    function isValidSig(address wallet, bytes32 digest, bytes calldata signature) external returns (bool) {
        bytes memory inner = signature;
        if (signature.length >= 32 && bytes32(signature[signature.length - 32:]) == SUFFIX) {
            (address factory, bytes memory make, bytes memory wrapped) =
                abi.decode(signature[:signature.length - 32], (address, bytes, bytes));
            inner = wrapped;
            if (wallet.code.length == 0) {
                (bool made,) = factory.call(make);
                require(made, "not made");
            }
        }
        (bool answered, bytes memory answer) =
            wallet.staticcall(abi.encodeWithSignature("isValidSignature(bytes32,bytes)", digest, inner));
        require(answered, "the wallet reverted");
        return answer.length >= 32 && bytes32(answer) == bytes32(bytes4(0x1626ba7e));
    }
}
