"""What a container uses: figures of its control group and its network, in the API's shape."""
